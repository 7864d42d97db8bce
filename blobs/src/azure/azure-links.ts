// URLs by which anybody can read a blob of Azure for a while: shared access signatures.
import {
  BlobSASPermissions,
  type BlobServiceClient,
  type BlockBlobClient,
  SASProtocol,
  type UserDelegationKey,
} from "@azure/storage-blob";

/** A key for signing is asked for so long; the service gives it for a week at most. */
const keyMs = 24 * 60 * 60 * 1000;

/** Clocks that are a little off still find a signature valid. */
const skewMs = 5 * 60 * 1000;

/** Signs with the account's key, or with a key that the service gives out to an identity. */
export class AzureLinks {
  readonly #service: BlobServiceClient;
  readonly #hasAccountKey: boolean;
  #delegation: { readonly key: UserDelegationKey; readonly untilMs: number } | undefined;

  constructor(service: BlobServiceClient, hasAccountKey: boolean) {
    this.#service = service;
    this.#hasAccountKey = hasAccountKey;
  }

  async link(blob: BlockBlobClient, lifetimeSeconds: number): Promise<string> {
    const nowMs = Date.now();
    const expiresMs = nowMs + lifetimeSeconds * 1000;
    const protocol = blob.url.startsWith("https:") ? SASProtocol.Https : SASProtocol.HttpsAndHttp;
    const signed = {
      permissions: BlobSASPermissions.parse("r"),
      startsOn: new Date(nowMs - skewMs),
      expiresOn: new Date(expiresMs),
      protocol,
    };
    if (this.#hasAccountKey) return blob.generateSasUrl(signed);
    return blob.generateUserDelegationSasUrl(signed, await this.#keyUntil(expiresMs));
  }

  async #keyUntil(expiresMs: number): Promise<UserDelegationKey> {
    if (this.#delegation !== undefined && this.#delegation.untilMs > expiresMs) {
      return this.#delegation.key;
    }
    const untilMs = expiresMs + keyMs;
    const from = new Date(Date.now() - skewMs);
    const key = await this.#service.getUserDelegationKey(from, new Date(untilMs));
    this.#delegation = { key, untilMs };
    return key;
  }
}
