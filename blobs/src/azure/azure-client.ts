// The client of Azure's SDK, as this program wants it.
import {
  BlobServiceClient,
  type ContainerClient,
  type StoragePipelineOptions,
  StorageSharedKeyCredential,
} from "@azure/storage-blob";
import type { AzureSettings } from "./azure-settings.ts";

/** The SDK's own pauses are four times longer than anybody waits for a module. */
const patience: StoragePipelineOptions = {
  retryOptions: {
    maxTries: 3,
    retryDelayInMs: 200,
    maxRetryDelayInMs: 2000,
    tryTimeoutInMs: 60_000,
  },
};

/** A container, and the account that it is in. */
export interface AzureClients {
  readonly service: BlobServiceClient;
  readonly container: ContainerClient;
}

/** The package for identities is loaded only if the account's key is not used. */
export async function openAzureContainer(settings: AzureSettings): Promise<AzureClients> {
  const { account, container, identity } = settings;
  const endpoint = settings.endpoint ?? `https://${account}.blob.core.windows.net`;
  if (identity.kind === "key") {
    const credential = new StorageSharedKeyCredential(account, identity.key);
    const service = new BlobServiceClient(endpoint, credential, patience);
    return { service, container: service.getContainerClient(container) };
  }
  const { DefaultAzureCredential, ManagedIdentityCredential } = await import("@azure/identity");
  const service =
    identity.kind === "default"
      ? new BlobServiceClient(endpoint, new DefaultAzureCredential(), patience)
      : new BlobServiceClient(
          endpoint,
          new ManagedIdentityCredential({ resourceId: identity.resourceId }),
          { ...patience, ...audienceOf(identity.scope) },
        );
  return { service, container: service.getContainerClient(container) };
}

/** The SDK adds `/.default` to an audience to have a scope. */
function audienceOf(scope: string): { audience?: string } {
  const audience = scope.replace(/\/?\.default$/, "");
  return audience === "" ? {} : { audience };
}
