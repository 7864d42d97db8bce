// A kept file that comes over the network, open for reading.
import type { StoredFile } from "./module-store.ts";
import { ProxyFailure } from "./proxy-failure.ts";
import { patiently } from "./storage-patience.ts";

/** How the bytes are had. */
export interface FileTransfers {
  /** Begins a transfer of everything from `position` on. Rejects with a failure that callers of `StoredFile` may see. */
  begin(position: number): Promise<FileTransfer>;
}

/** A transfer under way. Its pieces fail as `begin` does. */
export interface FileTransfer {
  readonly pieces: AsyncIterator<Uint8Array>;
  /** Ends it, wherever it is. */
  end(): Promise<void>;
}

interface Source {
  readonly transfer: FileTransfer;
  /** What has come and was not asked for yet. */
  rest: Uint8Array;
  /** Where `rest` stands in the file. */
  position: number;
  hasMoved: boolean;
}

/**
 * Nothing is transferred before the first read, and then what is read: reads that follow one another share one transfer.
 * A transfer that breaks, or stands still, after it has brought something is taken up where it broke.
 */
export class StreamedFile implements StoredFile {
  readonly size: number;
  readonly modified: Date;
  readonly #transfers: FileTransfers;
  #source: Source | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(described: Pick<StoredFile, "size" | "modified">, transfers: FileTransfers) {
    this.size = described.size;
    this.modified = described.modified;
    this.#transfers = transfers;
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
    for (let filled = 0; filled < into.length; ) {
      filled += await this.#some(position + filled, into.subarray(filled));
    }
    return into.length;
  }

  async #some(position: number, into: Uint8Array): Promise<number> {
    const source = await this.#sourceAt(position);
    try {
      if (source.rest.length === 0) source.rest = await this.#nextPiece(source);
      const count = Math.min(source.rest.length, into.length);
      into.set(source.rest.subarray(0, count));
      source.rest = source.rest.subarray(count);
      source.position += count;
      // Only a transfer that was seen to end has been checked, and gives its connection back.
      if (source.position === this.size) await this.#requireEnd(source);
      return count;
    } catch (failure) {
      const { hasMoved } = source;
      await this.#leave();
      if (hasMoved && source.position < this.size) return 0;
      throw failure;
    }
  }

  async #sourceAt(position: number): Promise<Source> {
    if (this.#source?.position === position) return this.#source;
    await this.#leave();
    const transfer = await patiently(this.#transfers.begin(position), (late) => late.end());
    this.#source = { transfer, rest: new Uint8Array(), position, hasMoved: false };
    return this.#source;
  }

  async #nextPiece(source: Source): Promise<Uint8Array> {
    const { done, value } = await patiently(source.transfer.pieces.next());
    if (done === true) {
      throw lyingSize(`it ends at byte ${source.position} although its size is ${this.size}`);
    }
    source.hasMoved = true;
    return value;
  }

  async #requireEnd(source: Source): Promise<void> {
    if (source.rest.length === 0 && (await source.transfer.pieces.next()).done === true) return;
    throw lyingSize(`it does not end at byte ${this.size} although that is its size`);
  }

  async #leave(): Promise<void> {
    const source = this.#source;
    this.#source = undefined;
    await source?.transfer.end();
  }
}

function lyingSize(what: string): ProxyFailure {
  return new ProxyFailure(
    "store_unavailable",
    `the storage gave out a file that is not whole: ${what}`,
  );
}
