// Bytes that can be read at any place.

/** A file, or something like it, that does not change while it is read. */
export interface ByteSource {
  /** In bytes. */
  readonly size: number;
  /**
   * Fills `into` with the bytes from `position` on, all of which lie within `size`, and returns how many it holds; fewer
   * only if the source turns out to end earlier. Synchronous, since sources are read in worker threads. What it throws is
   * passed on by all who read.
   */
  read(position: number, into: Uint8Array): number;
}

/** Bytes in memory. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read(position, into) {
      const part = bytes.subarray(position, position + into.length);
      into.set(part);
      return part.length;
    },
  };
}

const windowBytes = 256 * 1024;

/** Reads ahead, so that many short reads in ascending order cost few long ones. Its memory is used again and again. */
export class ReadAhead {
  readonly size: number;
  readonly #source: ByteSource;
  #memory: Buffer = Buffer.alloc(0);
  /** What has been read of the source, and where it begins there. */
  #window: Buffer = this.#memory;
  #windowPosition = 0;

  constructor(source: ByteSource) {
    this.size = source.size;
    this.#source = source;
  }

  /**
   * The bytes from `position` on: `length` of them, or as many as there are; none outside the source. They hold until the
   * next call.
   */
  read(position: number, length: number): Buffer {
    if (position < 0 || position >= this.size) return Buffer.alloc(0);
    const wanted = Math.min(length, this.size - position);
    const start = position - this.#windowPosition;
    if (start >= 0 && start + wanted <= this.#window.length) {
      return this.#window.subarray(start, start + wanted);
    }
    this.#fill(position, wanted);
    return this.#window.subarray(0, wanted);
  }

  #fill(position: number, wanted: number): void {
    const length = Math.min(Math.max(wanted, windowBytes), this.size - position);
    if (length > this.#memory.length) {
      // In powers of two, or a few longer reads in a row would each need new memory.
      this.#memory = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(length)));
    }
    const count = this.#source.read(position, this.#memory.subarray(0, length));
    this.#window = this.#memory.subarray(0, count);
    this.#windowPosition = position;
  }
}
