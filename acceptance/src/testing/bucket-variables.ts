// The configuration of buckets of a test's own, in the variables that Athens has for them.
import type { AzureContainer, GcsBucket } from "@stoa/blobs/testing";

/** Without the storage type: what is there can also be agreed by. */
export function azureVariables({ settings }: AzureContainer): Record<string, string> {
  return {
    ATHENS_AZURE_ACCOUNT_NAME: settings.account,
    ATHENS_AZURE_ACCOUNT_KEY: settings.identity.kind === "key" ? settings.identity.key : "",
    ATHENS_AZURE_CONTAINER_NAME: settings.container,
    STOA_AZURE_ENDPOINT: settings.endpoint ?? "",
  };
}

/** Without the storage type, as above. */
export function gcpVariables({ settings }: GcsBucket): Record<string, string> {
  return {
    ATHENS_STORAGE_GCP_BUCKET: settings.bucket,
    STOA_GCP_ENDPOINT: settings.endpoint ?? "",
  };
}
