// The configuration of buckets of a test's own, in the variables that Athens has for them.
import type { AzureContainer, GcsBucket, S3Bucket } from "@stoa/blobs/testing";

export function s3Variables({ settings }: S3Bucket): Record<string, string | undefined> {
  return {
    ATHENS_STORAGE_TYPE: "s3",
    ATHENS_S3_BUCKET_NAME: settings.bucket,
    AWS_ENDPOINT: settings.endpoint,
    AWS_REGION: settings.region,
    AWS_FORCE_PATH_STYLE: "true",
    AWS_ACCESS_KEY_ID: settings.keys?.id,
    AWS_SECRET_ACCESS_KEY: settings.keys?.secret,
  };
}

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
