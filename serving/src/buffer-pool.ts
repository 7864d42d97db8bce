// Buffers that all transfers share, so that memory does not grow with every byte sent.

/** Measured fairest: larger chunks send files faster but make small answers wait. */
const bufferBytes = 256 * 1024;
/** What a transfer works with while all buffers of the pool are taken: slower, but it neither waits nor grows. */
const spareBytes = 16 * 1024;
/** How many of those are kept for the next chunk: 4 MiB of them. */
const keptSpares = 256;

/**
 * At most `capacity` buffers of 256 KiB, made when first needed and kept. A buffer is taken for one chunk, not for one
 * transfer, so slow clients do not keep the large ones from fast clients.
 */
export class BufferPool {
  readonly #capacity: number;
  readonly #free: Uint8Array[] = [];
  readonly #freeSpares: Uint8Array[] = [];
  #made = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** A buffer of the pool, or a smaller one of its own when none is left. Its content is arbitrary. */
  take(): Uint8Array {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#made >= this.#capacity) {
      return this.#freeSpares.pop() ?? Buffer.allocUnsafeSlow(spareBytes);
    }
    this.#made += 1;
    return Buffer.allocUnsafeSlow(bufferBytes);
  }

  /** Takes a buffer back that nobody uses any more. */
  giveBack(buffer: Uint8Array): void {
    if (buffer.length === bufferBytes) this.#free.push(buffer);
    else if (this.#freeSpares.length < keptSpares) this.#freeSpares.push(buffer);
  }

  /** Gives up a buffer that a broken connection may still be reading from: another may be made in its place. */
  forget(buffer: Uint8Array): void {
    if (buffer.length === bufferBytes) this.#made -= 1;
  }

  /** Buffers of the pool that are out. */
  get taken(): number {
    return this.#made - this.#free.length;
  }
}

/** The pool of this process: 16 MiB at most. */
export const buffers = new BufferPool(64);
