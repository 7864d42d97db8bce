// The troubles of a blob store in the words of the control plane, and whether a store can keep the tree at all.
import { BlobFailure, type BlobStore } from "@stoa/blobs";
import { ControlFailure } from "../../domain/control-failure.ts";

/** Runs the work; what the store refuses is `store_unavailable`, and names what it was about. */
export async function atStore<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw storeTrouble(what, cause);
  }
}

/** The failure to tell; what is no trouble of the store stays what it is. */
export function storeTrouble(what: string, cause: unknown): unknown {
  if (!(cause instanceof BlobFailure)) return cause;
  if (cause.kind === "full") {
    return new ControlFailure(
      "store_full",
      `${what} cannot be kept, for want of room: ${cause.message}; make room there and ask again, what runs goes on meanwhile`,
      { cause },
    );
  }
  return new ControlFailure(
    "store_unavailable",
    `${what} cannot be reached in the store of documents: ${cause.message}`,
    { cause },
  );
}

/**
 * Fails with `store_unavailable` unless a document can be created only where there is none, and replaced only as it was
 * read: without that two writers could both believe that they have written the next index.
 */
export async function tryTree(store: BlobStore, prefix: string): Promise<void> {
  const key = `${prefix}probe`;
  await atStore("the tree", async () => {
    await store.check();
    const tag = await store.put(key, Buffer.from("one"));
    const created = await store.put(key, Buffer.from("two"), { when: "absent" });
    const second = await store.put(key, Buffer.from("three"), { when: { tag: tag ?? "" } });
    const stale = await store.put(key, Buffer.from("four"), { when: { tag: tag ?? "" } });
    await store.delete(key);
    if (created === undefined && second !== undefined && stale === undefined) return;
    throw new BlobFailure(
      "unsupported",
      "the service ignores conditions of writing (If-None-Match, If-Match), without which two writers could overwrite one another; keep the documents in another service, or on disk",
    );
  });
}
