// A kept file as bytes on their way to somewhere else.
import type { StoredFile } from "./module-store.ts";
import { ProxyFailure } from "./proxy-failure.ts";
import type { ZipDelivery } from "./upstream.ts";

const blockBytes = 256 * 1024;

/** All bytes of a small file. Rejects with `store_unavailable` if it is shorter than it was when it was opened. */
export async function readStored(file: StoredFile): Promise<Uint8Array> {
  const bytes = new Uint8Array(file.size);
  if ((await file.read(0, bytes)) < file.size) throw shortened();
  return bytes;
}

/** A file that stays the caller's, from its beginning to its end. A chunk holds until the next one is asked for. */
export function storedDelivery(file: StoredFile, from: string): ZipDelivery {
  return { size: file.size, body: blocks(file), from };
}

async function* blocks(file: StoredFile): AsyncGenerator<Uint8Array, void, undefined> {
  const block = new Uint8Array(Math.min(blockBytes, file.size));
  for (let position = 0; position < file.size; ) {
    const count = await file.read(position, block);
    if (count === 0) throw shortened();
    yield block.subarray(0, count);
    position += count;
  }
}

function shortened(): ProxyFailure {
  return new ProxyFailure("store_unavailable", "a file became shorter while it was read");
}
