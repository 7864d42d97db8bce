// A server with buckets, for tests that do not care which.
import type { LabellingBlobStore } from "../blob-store.ts";
import { MemoryBlobStore } from "../memory-blob-store.ts";

export interface BucketServer extends AsyncDisposable {
  /** Makes an empty bucket. */
  newBucket(): Promise<TestBucket>;
}

export interface TestBucket {
  /** Opens it once more, as another process would. */
  open(): Promise<LabellingBlobStore & AsyncDisposable>;
}

/** Buckets in memory. */
export async function memoryBuckets(): Promise<BucketServer> {
  return {
    async newBucket() {
      const store = new MemoryBlobStore();
      return {
        open: async () => Object.assign(store, { [Symbol.asyncDispose]: () => Promise.resolve() }),
      };
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** A bucket of its own, opened twice. */
export async function twoDoors(server: BucketServer): Promise<{
  readonly store: LabellingBlobStore;
  readonly other: LabellingBlobStore;
  cleanUp(): Promise<void>;
}> {
  const bucket = await server.newBucket();
  const [store, other] = [await bucket.open(), await bucket.open()];
  return {
    store,
    other,
    async cleanUp() {
      await store[Symbol.asyncDispose]();
      await other[Symbol.asyncDispose]();
    },
  };
}
