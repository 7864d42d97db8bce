// A cached zip, open for reading.
import type { FileHandle } from "node:fs/promises";
import type { StoredFile } from "../../domain/module-store.ts";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import type { ZipSeal } from "./zip-seal.ts";

/** It can be read to its end also when the cache has removed it. */
export class CachedZip implements StoredFile {
  readonly size: number;
  readonly modified: Date;
  readonly #file: FileHandle;
  #closed: Promise<void> | undefined;

  constructor(file: FileHandle, { size, modifiedMs }: ZipSeal) {
    this.#file = file;
    this.size = size;
    this.modified = new Date(modifiedMs);
  }

  async read(position: number, into: Uint8Array): Promise<number> {
    const wanted = Math.max(0, Math.min(into.length, this.size - position));
    let filled = 0;
    while (filled < wanted) {
      const { bytesRead } = await this.#read(position + filled, into, filled, wanted - filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return filled;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#file.close();
    await this.#closed;
  }

  async #read(
    position: number,
    into: Uint8Array,
    offset: number,
    length: number,
  ): Promise<{ readonly bytesRead: number }> {
    try {
      return await this.#file.read(into, offset, length, position);
    } catch (cause) {
      throw new ProxyFailure("store_unavailable", "the local cache of zips cannot be read", {
        cause,
      });
    }
  }
}
