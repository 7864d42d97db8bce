// Bytes that can be read at any place.

/** A file, or something like it, that does not change while it is read. */
export interface ByteSource {
  /** In bytes. */
  readonly size: number;
  /**
   * The `length` bytes from `position` on, which lie within `size`; fewer only if the source turns out to end earlier.
   * Synchronous, since sources are read in worker threads. Later calls leave the returned bytes as they are. What it
   * throws is passed on by all who read.
   */
  read(position: number, length: number): Uint8Array;
}

/** Bytes in memory. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: (position, length) => bytes.subarray(position, position + length),
  };
}

const windowBytes = 256 * 1024;

/** Reads ahead, so that many short reads in ascending order cost few long ones. Reading past the end gives less. */
export class ReadAhead {
  readonly size: number;
  readonly #source: ByteSource;
  #window: Buffer = Buffer.alloc(0);
  #windowPosition = 0;

  constructor(source: ByteSource) {
    this.size = source.size;
    this.#source = source;
  }

  /** The bytes from `position` on: `length` of them, or as many as there are; none outside the source. */
  read(position: number, length: number): Buffer {
    if (position < 0 || position >= this.size) return Buffer.alloc(0);
    const wanted = Math.min(length, this.size - position);
    const start = position - this.#windowPosition;
    if (start >= 0 && start + wanted <= this.#window.length) {
      return this.#window.subarray(start, start + wanted);
    }
    if (wanted >= windowBytes) return asBuffer(this.#source.read(position, wanted));
    const ahead = Math.min(windowBytes, this.size - position);
    this.#window = asBuffer(this.#source.read(position, ahead));
    this.#windowPosition = position;
    return this.#window.subarray(0, wanted);
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
