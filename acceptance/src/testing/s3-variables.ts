// The configuration of a Stoa whose modules are in a bucket of a test's own.
import type { S3Bucket } from "@stoa/blobs/testing";

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
