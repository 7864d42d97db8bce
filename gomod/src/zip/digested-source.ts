// The digest of a source, taken while somebody reads it.
import { createHash } from "node:crypto";
import type { ByteSource } from "./byte-source.ts";

const stepBytes = 256 * 1024;

/**
 * Passes reads on, and hashes what goes by in ascending order from the first byte on; reads elsewhere, such as that of a
 * directory at the end, cost nothing. Whoever reads most of a source in its order has its digest without reading it twice,
 * and it is the digest of the very bytes that were read.
 */
export class DigestedSource implements ByteSource {
  readonly size: number;
  readonly #source: ByteSource;
  readonly #sha256 = createHash("sha256");
  #hashedTo = 0;

  constructor(source: ByteSource) {
    this.size = source.size;
    this.#source = source;
  }

  read(position: number, into: Uint8Array): number {
    const count = this.#source.read(position, into);
    const isNext = position <= this.#hashedTo && this.#hashedTo < position + count;
    if (isNext) {
      this.#sha256.update(into.subarray(this.#hashedTo - position, count));
      this.#hashedTo = position + count;
    }
    return count;
  }

  /**
   * The SHA-256 of all bytes, in hexadecimal; those that have not gone by yet are read for it. To be asked for once. Of a
   * source that turns out to end earlier it is the digest of what there is.
   */
  digest(): string {
    const step = Buffer.allocUnsafeSlow(Math.min(stepBytes, this.size - this.#hashedTo));
    while (this.#hashedTo < this.size) {
      const wanted = Math.min(step.length, this.size - this.#hashedTo);
      if (this.read(this.#hashedTo, step.subarray(0, wanted)) === 0) break;
    }
    return this.#sha256.digest("hex");
  }
}
