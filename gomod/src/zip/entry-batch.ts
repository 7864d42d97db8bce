// Many small entries of a zip archive, unpacked in one go.
import { gunzip } from "node:zlib";
import { isDirectory, type LocatedEntry, release, type ZipContents } from "./zip-content.ts";
import { deflated } from "./zip-records.ts";

/** Above this a call of zlib for each entry costs next to nothing. */
const mostEntryBytes = 64 * 1024;
const batchBytes = 256 * 1024;
/** What the entries of a batch may unpack to: little enough to be in the processor's cache when it is hashed. */
const mostContentBytes = 512 * 1024;

/** The beginning of a gzip member, which says nothing but that it is one. Authority: RFC 1952, section 2.3. */
const memberHeader = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
/** What every member that holds a deflate stream begins with. */
const memberMark = memberHeader.subarray(0, 3);
const memberTrailerBytes = 8;

/** What `gunzip` gives with `info`, of which its types do not tell. Authority: nodejs.org/api/zlib.html, class Options. */
interface Unpacked {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

/**
 * For a small file a call of zlib takes as long as its work. So entries are made the members of one gzip stream: zlib
 * unpacks them in one call, and holds the size and the checksum of each against what the directory says.
 */
export class EntryBatch {
  readonly entries: LocatedEntry[] = [];
  #input: Buffer | undefined;
  readonly #starts: number[] = [];
  #inputBytes = 0;
  #contentBytes = 0;

  /** Whether entries like this one are unpacked in batches: small files that are not empty. */
  static isFor({ entry }: LocatedEntry): boolean {
    const { method, compressedSize, uncompressedSize } = entry;
    return (
      !isDirectory(entry) &&
      method === deflated &&
      compressedSize > 0 &&
      compressedSize <= mostEntryBytes &&
      uncompressedSize > 0 &&
      uncompressedSize <= mostEntryBytes
    );
  }

  /** Whether there is room for another entry. */
  get hasRoom(): boolean {
    const most = mostEntryBytes + memberHeader.length + memberTrailerBytes;
    return (
      this.#inputBytes + most <= batchBytes &&
      this.#contentBytes + mostEntryBytes <= mostContentBytes
    );
  }

  /** Adds an entry that batches are for, while there is room. Throws what `ZipContents.copyPacked` throws. */
  add(located: LocatedEntry, contents: ZipContents): void {
    const { crc32, uncompressedSize } = located.entry;
    const input = this.#input ?? Buffer.allocUnsafeSlow(batchBytes);
    const dataAt = this.#inputBytes + memberHeader.length;
    const trailer = dataAt + contents.copyPacked(located, input.subarray(dataAt));
    this.#input = input;
    this.entries.push(located);
    this.#starts.push(this.#inputBytes);
    input.set(memberHeader, this.#inputBytes);
    input.writeUInt32LE(crc32, trailer);
    input.writeUInt32LE(uncompressedSize, trailer + 4);
    this.#inputBytes = trailer + memberTrailerBytes;
    this.#contentBytes += uncompressedSize;
  }

  /**
   * The content of all entries, one behind the other, each as long as its directory says. `undefined` if one of them is
   * faulty, or may be: they are then to be read one by one. To be asked for once.
   *
   * That the members are the entries follows from four things: a member begins only where its mark is, and the marks are
   * just where the entries have been put; the last byte is part of a member, for zlib would pass over what follows one;
   * no entry is empty; and the content is as long as all of them together. So no entry can have been passed over, none
   * can hold several members, and each ends with the size and the checksum that were put behind it.
   */
  async content(): Promise<Buffer | undefined> {
    const input = this.#input?.subarray(0, this.#inputBytes);
    if (input === undefined || !marksAreAt(this.#starts, input)) return undefined;
    try {
      const { buffer, engine } = await unpackMembers(input, this.#contentBytes);
      const isWhole = engine.bytesWritten === input.length && buffer.length === this.#contentBytes;
      return isWhole ? buffer : undefined;
    } catch {
      return undefined;
    } finally {
      release(input);
    }
  }
}

function unpackMembers(input: Buffer, contentBytes: number): Promise<Unpacked> {
  const { promise, resolve, reject } = Promise.withResolvers<Unpacked>();
  const options = {
    info: true,
    // One more than expected, or a second round would be needed to learn that nothing follows.
    chunkSize: Math.max(contentBytes + 1, 64),
    maxOutputLength: contentBytes,
  };
  gunzip(input, options, (failure, unpacked) => {
    if (failure === null) resolve(unpacked as unknown as Unpacked);
    else reject(failure);
  });
  return promise;
}

function marksAreAt(starts: readonly number[], input: Buffer): boolean {
  let from = 0;
  for (const start of starts) {
    if (input.indexOf(memberMark, from) !== start) return false;
    from = start + 1;
  }
  return input.indexOf(memberMark, from) < 0;
}
