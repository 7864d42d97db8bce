// A zip on its way into the cache while somebody reads it.
import { createHash } from "node:crypto";
import type { SpooledZip } from "../../domain/zip-spool.ts";

export interface ZipFillParts {
  readonly stage: () => Promise<SpooledZip>;
  /** Gives the whole zip its place. */
  readonly keep: (staged: SpooledZip, sha256: string) => Promise<void>;
  /** Called once, at the end; with what went wrong if something did. */
  readonly ended: (failure: unknown) => void;
}

/**
 * Takes the pieces as they are read, from the first to the last; with a gap it comes to nothing. One piece is written while
 * the next is read. Nothing that goes wrong here is the reader's business.
 */
export class ZipFill {
  readonly #size: number;
  readonly #parts: ZipFillParts;
  readonly #hash = createHash("sha256");
  #taken = 0;
  #written: Promise<SpooledZip | undefined> | undefined;
  #hasEnded = false;

  constructor(size: number, parts: ZipFillParts) {
    this.#size = size;
    this.#parts = parts;
  }

  /** Takes a copy of what was read at `position`. Resolves when the piece before it is written; never rejects. */
  async take(position: number, bytes: Uint8Array): Promise<void> {
    if (this.#hasEnded || position !== this.#taken || bytes.length === 0) return;
    const copy = Uint8Array.from(bytes);
    this.#taken += copy.length;
    this.#hash.update(copy);
    const before = this.#written;
    this.#written = this.#write(before, copy);
    this.#written.catch(() => undefined); // told at the end
    await before?.catch(() => undefined);
  }

  /** Keeps the zip if it was read to its end, otherwise gives it up. Never rejects; may be called again. */
  async end(): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    let staged: SpooledZip | undefined;
    let failure: unknown;
    try {
      staged = await this.#written;
      if (staged !== undefined && this.#taken === this.#size) {
        await this.#parts.keep(staged, this.#hash.digest("hex"));
      }
    } catch (cause) {
      failure = cause;
    }
    await staged?.[Symbol.asyncDispose]();
    this.#parts.ended(failure);
  }

  async #write(
    before: Promise<SpooledZip | undefined> | undefined,
    bytes: Uint8Array,
  ): Promise<SpooledZip | undefined> {
    const staged = (await before) ?? (await this.#parts.stage());
    try {
      await staged.append(bytes);
      return staged;
    } catch (failure) {
      await staged[Symbol.asyncDispose]();
      throw failure;
    }
  }
}
