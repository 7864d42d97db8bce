// The directory of a zip while the zip is written: packed bytes, not objects, for there may be very many files.
import { hashOrderedFiles, hashRawFiles, type RawHashedFile } from "../directory-hash.ts";
import {
  directoryHeader,
  directoryHeaderLength,
  encodeDirectoryHeader,
  type WrittenEntry,
} from "./zip-records.ts";

const chunkBytes = 2 ** 16;
const sumBytes = 32;

/** Takes some 100 bytes for each file. */
export class DirectoryDraft {
  entries = 0;
  readonly #records = new AppendedBytes();
  readonly #sums = new AppendedBytes();
  #lastName: Uint8Array = new Uint8Array();
  #isOrdered = true;

  /** `sha256` in hexadecimal. */
  add(entry: WrittenEntry, sha256: string): void {
    this.#isOrdered &&= Buffer.compare(this.#lastName, entry.name) <= 0;
    this.#lastName = entry.name;
    this.#records.append(encodeDirectoryHeader(entry));
    this.#sums.append(Buffer.from(sha256, "hex"));
    this.entries += 1;
  }

  /** The headers of all entries. */
  get chunks(): readonly Uint8Array[] {
    return this.#records.chunks;
  }

  /** The `h1:` hash of go.sum. */
  hash(): string {
    return this.#isOrdered ? hashOrderedFiles(this.#files()) : hashRawFiles([...this.#files()]);
  }

  *#files(): Generator<RawHashedFile, void, undefined> {
    const sums = this.#sums.each(() => sumBytes);
    const records = this.#records.each(directoryHeaderLength);
    for (const record of records) {
      const sha256 = sums.next().value?.toString("hex") ?? "";
      yield { rawName: record.toString("latin1", directoryHeader.length), sha256 };
    }
  }
}

/** Records behind one another, none of which lies in two chunks. */
class AppendedBytes {
  readonly #chunks: Buffer[] = [];
  #usedOfLast = chunkBytes;

  append(record: Uint8Array): void {
    let last = this.#chunks.at(-1);
    if (last === undefined || this.#usedOfLast + record.length > last.length) {
      if (last !== undefined) this.#chunks.splice(-1, 1, last.subarray(0, this.#usedOfLast));
      last = Buffer.allocUnsafeSlow(Math.max(chunkBytes, record.length));
      this.#chunks.push(last);
      this.#usedOfLast = 0;
    }
    last.set(record, this.#usedOfLast);
    this.#usedOfLast += record.length;
  }

  get chunks(): readonly Buffer[] {
    const last = this.#chunks.at(-1)?.subarray(0, this.#usedOfLast);
    return last === undefined ? [] : [...this.#chunks.slice(0, -1), last];
  }

  /** Each record, whose length is told by what begins with it. */
  *each(lengthOf: (record: Buffer) => number): Generator<Buffer, void, undefined> {
    for (const chunk of this.chunks) {
      for (let at = 0; at < chunk.length; ) {
        const rest = chunk.subarray(at);
        const length = lengthOf(rest);
        yield rest.subarray(0, length);
        at += length;
      }
    }
  }
}
