// The door of blobs: the interface, its failures, and how a store is opened.
export { BlobFailure, type BlobFailureKind } from "./blob-failure.ts";
export type {
  BlobBody,
  BlobEntry,
  BlobHead,
  BlobLinks,
  BlobStore,
  ExactRemoval,
  GetOptions,
  LabelledHead,
  LabellingBlobStore,
  Labels,
  ListOptions,
  OpenBlob,
  PutOptions,
} from "./blob-store.ts";
export {
  type BucketPlace,
  bucketUrlForms,
  isBucketUrl,
  parseBucketUrl,
} from "./bucket-url.ts";
export { DiskBlobStore } from "./disk/disk-blob-store.ts";
export {
  type Bucket,
  type BucketSettings,
  openBucket,
  openRemovingBucket,
  type RemovingBucket,
  type RemovingBucketSettings,
} from "./open-bucket.ts";
