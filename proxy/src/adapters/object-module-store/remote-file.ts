// A kept file in an object store, open for reading.
import { BlobFailure, type BlobHead, type BlobStore, type OpenBlob } from "@stoa/blobs";
import type { StoredFile } from "../../domain/module-store.ts";
import { storeTrouble } from "./store-trouble.ts";

/** A transfer under way. */
interface Source {
  readonly blob: OpenBlob;
  readonly pieces: AsyncIterator<Uint8Array>;
  /** What has come and was not asked for yet. */
  rest: Uint8Array;
  /** Where `rest` stands in the file. */
  position: number;
  /** How much this transfer has brought. */
  brought: number;
}

/**
 * Nothing is transferred before the first read, and then what is read: reads that follow one another share one transfer.
 * A transfer that breaks after it has brought something is taken up where it broke.
 */
export class RemoteFile implements StoredFile {
  readonly size: number;
  readonly modified: Date;
  readonly #store: BlobStore;
  readonly #head: BlobHead;
  readonly #whenGone: () => void;
  #source: Source | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  /** `whenGone` is called if the object turns out not to be there any more. */
  constructor(store: BlobStore, head: BlobHead, modified: Date, whenGone: () => void) {
    this.size = head.size;
    this.modified = modified;
    this.#store = store;
    this.#head = head;
    this.#whenGone = whenGone;
  }

  async read(position: number, into: Uint8Array): Promise<number> {
    if (this.#isClosed) throw new Error("the file was used after it was disposed of");
    const wanted = into.subarray(0, Math.max(0, Math.min(into.length, this.size - position)));
    const mine = this.#turn.then(() => this.#fill(position, wanted));
    this.#turn = mine.catch(() => undefined);
    return await mine;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await this.#turn;
    await this.#leave();
  }

  async #fill(position: number, into: Uint8Array): Promise<number> {
    try {
      for (let filled = 0; filled < into.length; ) {
        filled += await this.#some(position + filled, into.subarray(filled));
      }
      return into.length;
    } catch (failure) {
      await this.#leave();
      throw storeTrouble(failure);
    }
  }

  async #some(position: number, into: Uint8Array): Promise<number> {
    const source = await this.#sourceAt(position);
    try {
      if (source.rest.length === 0) source.rest = await nextPiece(source);
    } catch (failure) {
      const hasMoved = source.brought > 0;
      await this.#leave();
      if (hasMoved && failure instanceof BlobFailure && failure.kind === "unreachable") return 0;
      throw failure;
    }
    const count = Math.min(source.rest.length, into.length);
    into.set(source.rest.subarray(0, count));
    source.rest = source.rest.subarray(count);
    source.position += count;
    // Only a transfer that was seen to end has been checked, and gives its connection back.
    if (source.position === this.size) await requireEnd(source);
    return count;
  }

  async #sourceAt(position: number): Promise<Source> {
    if (this.#source?.position === position) return this.#source;
    await this.#leave();
    const blob = await this.#store.get(this.#head.key, { from: position, onlyTag: this.#head.tag });
    if (blob === undefined || blob === "unchanged") {
      this.#whenGone();
      throw new BlobFailure("changed", `${this.#head.key} is not there any more: ask again`);
    }
    const pieces = blob.body[Symbol.asyncIterator]();
    this.#source = { blob, pieces, rest: new Uint8Array(), position, brought: 0 };
    return this.#source;
  }

  async #leave(): Promise<void> {
    const source = this.#source;
    this.#source = undefined;
    await source?.blob[Symbol.asyncDispose]();
  }
}

async function nextPiece(source: Source): Promise<Uint8Array> {
  const { done, value } = await source.pieces.next();
  if (done === true)
    throw new BlobFailure("damaged", "an object ended before its size was reached");
  source.brought += value.length;
  return value;
}

async function requireEnd(source: Source): Promise<void> {
  if (source.rest.length > 0 || (await source.pieces.next()).done !== true) {
    throw new BlobFailure("damaged", "an object is longer than its size");
  }
}
