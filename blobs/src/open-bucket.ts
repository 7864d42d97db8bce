// How a bucket of any service is opened: its SDK is loaded then, and not before.
import type { LabellingBlobStore } from "./blob-store.ts";
import type { S3Settings } from "./s3/s3-settings.ts";

/** A bucket of one of the services. */
export type BucketSettings = { readonly service: "s3" } & S3Settings;

/** An open bucket; disposing of it lets its connections go. */
export type Bucket = LabellingBlobStore & AsyncDisposable;

/** Asks nothing of the service, except for a bucket that is to be made. */
export async function openBucket(settings: BucketSettings): Promise<Bucket> {
  switch (settings.service) {
    case "s3": {
      const { S3BlobStore } = await import("./s3/s3-blob-store.ts");
      const store = new S3BlobStore(settings);
      if (settings.isCreated === true) await store.create();
      return store;
    }
  }
}
