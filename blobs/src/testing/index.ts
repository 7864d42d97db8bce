// The doors of what tests with object stores need.
export {
  type AzureContainer,
  type AzureServer,
  azureServerIsMissing,
  startAzureServer,
} from "./azure-server.ts";
export { type BucketServer, memoryBuckets, type TestBucket } from "./bucket-server.ts";
export { freePort } from "./free-port.ts";
export {
  type GcsBucket,
  type GcsServer,
  gcsServerIsMissing,
  startGcsServer,
} from "./gcs-server.ts";
export {
  type S3Bucket,
  type S3Policy,
  type S3Server,
  s3ServerIsMissing,
  startS3Server,
} from "./s3-server.ts";
