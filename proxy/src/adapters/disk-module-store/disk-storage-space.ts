// How much room a storage folder takes, and how much its disk has.
import { readdir, stat, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { Space, StorageSpace } from "../../domain/storage-space.ts";
import { hasCode, type StorageRoot } from "./storage-root.ts";

/** What `stat` counts blocks in, on every system. */
const blockBytes = 512;

export class DiskStorageSpace implements StorageSpace {
  readonly #root: StorageRoot;

  constructor(root: StorageRoot) {
    this.#root = root;
  }

  measure(quotaBytes: number, signal: AbortSignal): Promise<Space> {
    return this.#root.translating(async () => {
      await this.#root.requirePresent();
      if (quotaBytes > 0) return { used: await this.#below(signal), capacity: quotaBytes };
      const { bsize, blocks, bfree, bavail } = await statfs(this.#root.path);
      // As df counts: what only root could still use is nobody's.
      const used = (blocks - bfree) * bsize;
      return { used, capacity: used + bavail * bsize };
    });
  }

  /** What everything in the folder takes on the disk, as du counts. */
  async #below(signal: AbortSignal): Promise<number> {
    let bytes = 0;
    const left = [this.#root.path];
    for (let folder = left.pop(); folder !== undefined; folder = left.pop()) {
      signal.throwIfAborted();
      for (const entry of await unlessGone(readdir(folder, { withFileTypes: true }), [])) {
        const place = join(folder, entry.name);
        if (entry.isDirectory()) left.push(place);
        else if (entry.isFile()) bytes += await unlessGone(bytesOf(place), 0);
      }
    }
    return bytes;
  }
}

async function bytesOf(file: string): Promise<number> {
  return (await stat(file)).blocks * blockBytes;
}

/** What goes meanwhile takes no room. */
async function unlessGone<T>(work: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await work;
  } catch (failure) {
    if (hasCode(failure, "ENOENT")) return otherwise;
    throw failure;
  }
}
