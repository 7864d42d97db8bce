// A file that a test can look into.
import type { FileContent } from "../file-answer.ts";

/** Bytes as an open file, with a record of what was done to it. */
export class FakeContent implements FileContent {
  readonly size: number;
  readonly etag = '"v1"';
  readonly modified = new Date(Date.UTC(2024, 4, 5, 10));
  readonly #bytes: Uint8Array;
  readBytes = 0;
  closings = 0;
  /** Bytes from here on cannot be read. */
  failsFrom = Number.POSITIVE_INFINITY;
  /** A read returns no more than this. */
  mostAtOnce = Number.POSITIVE_INFINITY;

  constructor(bytes: Uint8Array, size: number = bytes.length) {
    this.#bytes = bytes;
    this.size = size;
  }

  async read(position: number, into: Uint8Array): Promise<number> {
    if (position >= this.failsFrom) throw new Error("the disk has failed");
    const count = Math.min(into.length, this.mostAtOnce);
    const chunk = this.#bytes.subarray(position, position + count);
    into.set(chunk);
    this.readBytes += chunk.length;
    return chunk.length;
  }

  async close(): Promise<void> {
    this.closings += 1;
  }
}
