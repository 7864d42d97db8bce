// The zip that the go command has made, as bytes on their way.
import { type FileHandle, open } from "node:fs/promises";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import type { ZipDelivery } from "../../domain/upstream.ts";

const chunkBytes = 2 ** 18;

/** Opens the file; its name may go as soon as this resolves. */
export async function openedZip(
  path: string,
  { signal, from }: { readonly signal: AbortSignal; readonly from: string },
): Promise<ZipDelivery> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    return { size, body: new FileBytes(file, size, signal), from };
  } catch (failure) {
    await file.close();
    throw failure;
  }
}

/** Can be read once. It must be read to its end or returned, or the file stays open. */
class FileBytes implements AsyncIterableIterator<Uint8Array> {
  readonly #file: FileHandle;
  readonly #size: number;
  readonly #signal: AbortSignal;
  #position = 0;

  constructor(file: FileHandle, size: number, signal: AbortSignal) {
    this.#file = file;
    this.#size = size;
    this.#signal = signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    try {
      this.#signal.throwIfAborted();
      if (this.#position === this.#size) return await this.return();
      const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, this.#size - this.#position));
      const { bytesRead } = await this.#file.read(chunk, 0, chunk.length, this.#position);
      if (bytesRead === 0) throw new ProxyFailure("upstream_unavailable", "its zip became shorter");
      this.#position += bytesRead;
      return { done: false, value: chunk.subarray(0, bytesRead) };
    } catch (failure) {
      await this.return();
      throw failure;
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#position = this.#size;
    await this.#file.close();
    return { done: true, value: undefined };
  }
}
