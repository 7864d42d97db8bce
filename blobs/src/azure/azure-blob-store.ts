// Blobs in a container of Azure Blob Storage.
import { createHash, randomBytes } from "node:crypto";
import type { Readable } from "node:stream";
import type {
  BlobDownloadResponseParsed,
  BlobGetPropertiesResponse,
  BlobRequestConditions,
  BlockBlobClient,
  BlockBlobCommitBlockListOptions,
  ContainerClient,
} from "@azure/storage-blob";
import { bodyPieces, inParts } from "../blob-body.ts";
import { BlobFailure, replaced } from "../blob-failure.ts";
import { checkBlobKey, compareBlobKeys } from "../blob-key.ts";
import type {
  BlobBody,
  BlobEntry,
  BlobLinks,
  ExactRemoval,
  GetOptions,
  LabelledHead,
  LabellingBlobStore,
  Labels,
  ListOptions,
  OpenBlob,
  PutOptions,
} from "../blob-store.ts";
import { bareTag, ServiceCalls, wholeSize } from "../service-calls.ts";
import { emptyPart } from "../streamed-blob.ts";
import { openAzureContainer } from "./azure-client.ts";
import { codeOf, statusOf, translateAzureFailure } from "./azure-failure.ts";
import { AzureLinks } from "./azure-links.ts";
import type { AzureSettings } from "./azure-settings.ts";

/** What is larger is sent in blocks of this size. */
const blockBytes = 8 << 20;

/** Answers that mean that a condition of writing does not hold, or that another writer came first. */
const contested: ReadonlySet<string> = new Set([
  "BlobAlreadyExists",
  "BlobNotFound",
  "ConditionNotMet",
  "InvalidBlockList",
  "TargetConditionNotMet",
]);

/** Every upload carries an MD5 that the service checks. The SDK alone repeats requests. */
export class AzureBlobStore
  implements LabellingBlobStore, ExactRemoval, BlobLinks, AsyncDisposable
{
  readonly #container: ContainerClient;
  readonly #links: AzureLinks;
  readonly #place: string;
  readonly #calls: ServiceCalls;

  private constructor(container: ContainerClient, links: AzureLinks) {
    this.#container = container;
    this.#links = links;
    this.#place = `the container ${container.containerName} at ${new URL(container.url).host}`;
    this.#calls = new ServiceCalls({
      translate: (failure) => translateAzureFailure(failure, this.#place),
      isAbsence: (failure) =>
        failure instanceof BlobFailure && codeOf(failure.cause) === "BlobNotFound",
    });
  }

  static async open(settings: AzureSettings): Promise<AzureBlobStore> {
    const { service, container } = await openAzureContainer(settings);
    const links = new AzureLinks(service, settings.identity.kind === "key");
    return new AzureBlobStore(container, links);
  }

  async stat(key: string, signal?: AbortSignal): Promise<LabelledHead | undefined> {
    const blob = this.#blob(key);
    const found = await this.#calls.callOrAbsent(() => blob.getProperties(to(signal)), signal);
    return found && headOf(key, found, found.contentLength ?? 0);
  }

  async get(
    key: string,
    options: GetOptions = {},
    signal?: AbortSignal,
  ): Promise<OpenBlob<LabelledHead> | "unchanged" | undefined> {
    const { from = 0, to: end, unlessTag, onlyTag } = options;
    if (end !== undefined && end <= from) {
      return emptyPart(await this.stat(key, signal), key, options);
    }
    const conditions: BlobRequestConditions = {
      ...(unlessTag === undefined ? {} : { ifNoneMatch: `"${unlessTag}"` }),
      ...(onlyTag === undefined ? {} : { ifMatch: `"${onlyTag}"` }),
    };
    const blob = this.#blob(key);
    const count = end === undefined ? undefined : end - from;
    try {
      const found = await this.#calls.callOrAbsent(
        () => blob.download(from, count, { conditions, ...to(signal) }),
        signal,
      );
      return (
        found &&
        this.#calls.opened(
          headOf(key, found, wholeSize(found.contentRange, found.contentLength)),
          found.readableStreamBody as Readable,
          signal,
        )
      );
    } catch (failure) {
      const status = failure instanceof BlobFailure ? statusOf(failure.cause) : undefined;
      if (status === 304) return "unchanged";
      if (status === 412) throw replaced(key, failure);
      if (status === 416) return emptyPart(await this.stat(key, signal), key, options);
      throw failure;
    }
  }

  async put(
    key: string,
    body: BlobBody,
    options: PutOptions & { readonly labels?: Labels } = {},
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    const blob = this.#blob(key);
    const details = { ...describe(options), ...to(signal) };
    try {
      const parts = inParts(bodyPieces(body, options.sha256, signal), blockBytes);
      return bareTag(await upload(blob, parts, details));
    } catch (failure) {
      signal?.throwIfAborted();
      if (options.when !== undefined && contested.has(codeOf(failure) ?? "")) return undefined;
      throw translateAzureFailure(failure, this.#place);
    }
  }

  async delete(key: string, signal?: AbortSignal): Promise<void> {
    const blob = this.#blob(key);
    await this.#calls.callOrAbsent(() => blob.delete(to(signal)), signal);
  }

  async deleteTagged(key: string, tag: string, signal?: AbortSignal): Promise<boolean> {
    const blob = this.#blob(key);
    const conditions = { ifMatch: `"${tag}"` };
    try {
      await blob.delete({ conditions, ...to(signal) });
      return true;
    } catch (failure) {
      signal?.throwIfAborted();
      if (contested.has(codeOf(failure) ?? "")) return false;
      throw translateAzureFailure(failure, this.#place);
    }
  }

  async *list(
    prefix: string,
    { after, atOnce }: ListOptions = {},
    signal?: AbortSignal,
  ): AsyncGenerator<BlobEntry> {
    // A service that does not know startFrom begins at the beginning.
    const start = after === undefined ? {} : { startFrom: after };
    const found = this.#container.listBlobsFlat({ prefix, ...start, ...to(signal) });
    try {
      for await (const page of found.byPage(atOnce === undefined ? {} : { maxPageSize: atOnce })) {
        for (const { name, properties } of page.segment.blobItems) {
          if (after !== undefined && compareBlobKeys(name, after) <= 0) continue;
          yield { key: name, size: properties.contentLength ?? 0 };
        }
      }
    } catch (failure) {
      signal?.throwIfAborted();
      throw translateAzureFailure(failure, this.#place);
    }
  }

  link(key: string, lifetimeSeconds: number): Promise<string> {
    const blob = this.#blob(key);
    return this.#calls.call(() => this.#links.link(blob, lifetimeSeconds));
  }

  async check(signal?: AbortSignal): Promise<void> {
    await this.#calls.call(() => this.#container.getProperties(to(signal)), signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #blob(key: string): BlockBlobClient {
    checkBlobKey(key);
    return this.#container.getBlockBlobClient(key);
  }
}

/** One request for what is small; blocks and their list for what is not. Blocks without a list are never seen. */
async function upload(
  blob: BlockBlobClient,
  parts: AsyncGenerator<Buffer>,
  details: BlockBlobCommitBlockListOptions,
): Promise<string | undefined> {
  const blocks: string[] = [];
  const row = randomBytes(9).toString("base64");
  const stage = async (part: Buffer): Promise<void> => {
    const id = Buffer.from(`${row}${String(blocks.length).padStart(6, "0")}`).toString("base64");
    const { abortSignal } = details;
    await blob.stageBlock(id, part, part.length, {
      ...md5Of(part),
      ...(abortSignal && { abortSignal }),
    });
    blocks.push(id);
  };
  let last = (await parts.next()).value as Buffer;
  for await (const part of parts) {
    await stage(last);
    last = part;
  }
  if (blocks.length === 0) {
    return (await blob.upload(last, last.length, { ...details, ...md5Of(last) })).etag;
  }
  await stage(last);
  return (await blob.commitBlockList(blocks, details)).etag;
}

function md5Of(bytes: Uint8Array): { transactionalContentMD5: Uint8Array } {
  return { transactionalContentMD5: createHash("md5").update(bytes).digest() };
}

function to(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}

function describe({
  when,
  contentType,
  labels,
}: PutOptions & { readonly labels?: Labels }): BlockBlobCommitBlockListOptions {
  return {
    ...(when === "absent" ? { conditions: { ifNoneMatch: "*" } } : {}),
    ...(typeof when === "object" ? { conditions: { ifMatch: `"${when.tag}"` } } : {}),
    ...(contentType === undefined ? {} : { blobHTTPHeaders: { blobContentType: contentType } }),
    ...(labels === undefined ? {} : { metadata: { ...labels } }),
  };
}

function headOf(
  key: string,
  found: BlobGetPropertiesResponse | BlobDownloadResponseParsed,
  size: number,
): LabelledHead {
  return {
    key,
    size,
    tag: bareTag(found.etag),
    modified: found.lastModified ?? new Date(0),
    labels: found.metadata ?? {},
  };
}
