// How a bucket of any service is opened: its SDK is loaded then, and not before.
import type { AzureSettings } from "./azure/azure-settings.ts";
import type { BlobLinks, ExactRemoval, LabellingBlobStore } from "./blob-store.ts";
import type { GcsSettings } from "./gcs/gcs-settings.ts";
import type { S3Settings } from "./s3/s3-settings.ts";

/** A bucket of one of the services. */
export type BucketSettings =
  | ({ readonly service: "s3" } & S3Settings)
  | ({ readonly service: "azure" } & AzureSettings)
  | ({ readonly service: "gcs" } & GcsSettings);

/** An open bucket; disposing of it lets its connections go. */
export type Bucket = LabellingBlobStore & BlobLinks & AsyncDisposable;

/** A bucket of a service that has removed on a condition from its beginning, which servers of S3's protocol have not. */
export type RemovingBucket = Bucket & ExactRemoval;

export type RemovingBucketSettings = Extract<BucketSettings, { readonly service: "azure" | "gcs" }>;

/** Asks nothing of the service, except for a bucket that is to be made. */
export async function openBucket(settings: BucketSettings): Promise<Bucket> {
  switch (settings.service) {
    case "s3": {
      const { S3BlobStore } = await import("./s3/s3-blob-store.ts");
      const store = new S3BlobStore(settings);
      if (settings.isCreated === true) await store.create();
      return store;
    }
    default:
      return openRemovingBucket(settings);
  }
}

/** Asks nothing of the service. */
export async function openRemovingBucket(
  settings: RemovingBucketSettings,
): Promise<RemovingBucket> {
  if (settings.service === "azure") {
    const { AzureBlobStore } = await import("./azure/azure-blob-store.ts");
    return AzureBlobStore.open(settings);
  }
  const { GcsBlobStore } = await import("./gcs/gcs-blob-store.ts");
  return new GcsBlobStore(settings);
}
