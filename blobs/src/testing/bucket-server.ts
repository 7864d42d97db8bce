// A server with buckets, for tests that do not care which.
import type { LabellingBlobStore } from "../blob-store.ts";
import { MemoryBlobStore } from "../memory-blob-store.ts";

export interface BucketServer extends AsyncDisposable {
  /** Makes an empty bucket. */
  newBucket(): Promise<TestBucket>;
}

export interface TestBucket {
  /** Opens it once more, as another process would. */
  open(): LabellingBlobStore & AsyncDisposable;
}

/** Buckets in memory. */
export async function memoryBuckets(): Promise<BucketServer> {
  return {
    async newBucket() {
      const store = new MemoryBlobStore();
      return {
        open: () => Object.assign(store, { [Symbol.asyncDispose]: () => Promise.resolve() }),
      };
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
