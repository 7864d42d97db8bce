// A zip that flows to the client who asked first, while it is still being written.
import type { StagedZip } from "../domain/module-store.ts";
import { SpareBuffers } from "./spare-buffers.ts";

/**
 * What is kept back until the whole zip is checked and kept. A zip ends in its directory, so without these bytes no
 * client can take a bad one for a good one: its transfer breaks off instead.
 */
const heldBackBytes = 16 * 1024;
const readBytes = 256 * 1024;
const buffers = new SpareBuffers(readBytes, 8);

/** One writer appends to `staged` and reports here; one reader follows through `body`. */
export class ArrivingZip {
  /** The length of the whole, if the upstream told it. */
  readonly size: number | undefined;
  /** The name of the upstream it comes from. */
  readonly from: string;
  /** When it began to arrive: the `modified` of the file that is being kept. */
  readonly modified: Date;
  readonly #staged: StagedZip;
  readonly #readerGone = Promise.withResolvers<void>();
  #state: "arriving" | "kept" | "failed" = "arriving";
  #failure: unknown;
  #changed = Promise.withResolvers<void>();

  constructor(staged: StagedZip, origin: { size: number | undefined; from: string }) {
    this.#staged = staged;
    this.size = origin.size;
    this.from = origin.from;
    this.modified = staged.started;
  }

  /** Resolves when the reader has read all or has left: then, and when the writer is done, `staged` may go. */
  get readerGone(): Promise<void> {
    return this.#readerGone.promise;
  }

  /** More bytes have been appended. */
  grew(): void {
    this.#announce();
  }

  /** The whole zip is checked and kept: the reader may have its last bytes. */
  kept(): void {
    this.#state = "kept";
    this.#announce();
  }

  /** The reader gets no further: its transfer breaks off with this failure. */
  failed(failure: unknown): void {
    this.#state = "failed";
    this.#failure = failure;
    this.#announce();
  }

  /**
   * The bytes, as they come; fails with what the writer failed with. May be called once. A chunk holds until the next one
   * is asked for: all lie in one buffer. Who does not read to the end must call `return` on the iterator, also before the
   * first chunk.
   */
  body(): AsyncIterableIterator<Uint8Array, undefined, undefined> {
    let position = 0;
    const buffer = buffers.take();
    let isWhole = false;
    const end = (): { done: true; value: undefined } => {
      this.#readerGone.resolve();
      return { done: true, value: undefined };
    };
    const iterator = {
      next: async () => {
        try {
          const chunk = await this.#readFrom(position, buffer);
          if (chunk === undefined) {
            // After a failure, or a reader who leaves, the disk may still be filling it.
            if (!isWhole) buffers.giveBack(buffer);
            isWhole = true;
            return end();
          }
          position += chunk.length;
          return { done: false as const, value: chunk };
        } catch (failure) {
          end();
          throw failure;
        }
      },
      return: () => Promise.resolve(end()),
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  }

  /** Nobody will call `body`. */
  leave(): void {
    this.#readerGone.resolve();
  }

  /** The next bytes, as soon as there are any; `undefined` when everything has been read. */
  async #readFrom(position: number, buffer: Uint8Array): Promise<Uint8Array | undefined> {
    for (;;) {
      const changed = this.#changed.promise;
      if (this.#state === "failed") throw this.#failure;
      const ready = this.#readyBytes();
      if (position < ready) {
        const wanted = buffer.subarray(0, Math.min(buffer.length, ready - position));
        return wanted.subarray(0, await this.#staged.read(position, wanted));
      }
      if (this.#state === "kept") return undefined;
      await changed;
    }
  }

  #readyBytes(): number {
    if (this.#state === "kept") return this.#staged.size;
    return Math.max(0, this.#staged.size - heldBackBytes);
  }

  #announce(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
