// Objects that are read whole.
import type { BlobStore } from "@stoa/blobs";

/** All bytes of an object; `undefined` if there is none. */
export async function readSmall(store: BlobStore, key: string): Promise<Uint8Array | undefined> {
  const blob = await store.get(key);
  if (blob === undefined || blob === "unchanged") return undefined;
  await using _open = blob;
  return Buffer.concat(await Array.fromAsync(blob.body));
}
