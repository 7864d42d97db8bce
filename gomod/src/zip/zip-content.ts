// What is in the entries of a zip archive, verified.
import { createHash, hash } from "node:crypto";
import { pipeline, Readable } from "node:stream";
import { crc32, createInflateRaw, inflateRawSync } from "node:zlib";
import { InvalidText } from "../invalid-text.ts";
import { type ByteSource, ReadAhead } from "./byte-source.ts";
import type { ZipEntry } from "./zip-directory.ts";
import { dataDescriptor, deflated, localHeader, sizesFollow, stored } from "./zip-records.ts";

/** An entry whose data has been found. */
export interface LocatedEntry {
  readonly entry: ZipEntry;
  readonly local: LocalHeader;
  /** Where the data begins. */
  readonly dataOffset: number;
}

/** What the header in front of the data says. Nothing here depends on it but where the data begins. */
export interface LocalHeader {
  /** As in `ZipEntry`. */
  readonly rawName: string;
  readonly flags: number;
  readonly method: number;
  readonly crc32: number;
  readonly compressedSize: number;
  readonly uncompressedSize: number;
}

/** Up to here an entry is unpacked in memory in one go, which is fastest; anything larger passes in pieces. */
const wholeBytes = 4 * 2 ** 20;
const pieceBytes = 256 * 1024;

/**
 * Reads entries. All methods throw `InvalidText` of kind `zip entry` where Go's archive/zip refuses to read the entry to
 * its end: data that cannot be unpacked, or is not of the size or checksum that the directory gives. Unpacking stops
 * where the content becomes larger than that. Fastest in ascending order of header offsets.
 * Authority: Go's archive/zip, File.Open and checksumReader.
 */
export class ZipContents {
  readonly #bytes: ReadAhead;

  constructor(source: ByteSource) {
    this.#bytes = new ReadAhead(source);
  }

  /** Finds the data by the local header, which is all that the directory points to. */
  locate(entry: ZipEntry): LocatedEntry {
    const header = this.#bytes.read(entry.headerOffset, localHeader.length);
    if (header.length < localHeader.length || header.readUInt32LE(0) !== localHeader.signature) {
      throw faultyEntry(entry, "its data is not where the directory says");
    }
    const nameLength = header.readUInt16LE(26);
    const local = {
      flags: header.readUInt16LE(6),
      method: header.readUInt16LE(8),
      crc32: header.readUInt32LE(14),
      compressedSize: header.readUInt32LE(18),
      uncompressedSize: header.readUInt32LE(22),
    };
    const nameOffset = entry.headerOffset + localHeader.length;
    const dataOffset = nameOffset + nameLength + header.readUInt16LE(28);
    const rawName = this.#bytes.read(nameOffset, nameLength).toString("latin1");
    return { entry, local: { rawName, ...local }, dataOffset };
  }

  /** The whole content. For entries of which it is known that they are not too large. */
  async read(located: LocatedEntry): Promise<Uint8Array> {
    if (this.#isSmall(located)) return this.#unpackWhole(located);
    return Buffer.concat(await Array.fromAsync(this.#unpackInPieces(located)));
  }

  /** Copies the data as it is packed and returns its length; what follows it has then been found right. */
  copyPacked(located: LocatedEntry, into: Uint8Array): number {
    const packed = this.#bytes.read(located.dataOffset, this.#lengthOf(located));
    into.set(packed);
    const { length } = packed;
    if ((located.entry.flags & sizesFollow) !== 0) this.#verifyDescriptor(located);
    return length;
  }

  /** The sha256 of the content, in hexadecimal. Takes little memory, however large the content is. */
  async sha256(located: LocatedEntry): Promise<string> {
    if (this.#isSmall(located)) {
      const content = this.#unpackWhole(located);
      const sum = hash("sha256", content, "hex");
      release(content);
      return sum;
    }
    const sum = createHash("sha256");
    for await (const piece of this.#unpackInPieces(located)) sum.update(piece);
    return sum.digest("hex");
  }

  #isSmall(located: LocatedEntry): boolean {
    return Math.max(this.#lengthOf(located), located.entry.uncompressedSize) <= wholeBytes;
  }

  #unpackWhole(located: LocatedEntry): Uint8Array {
    const { entry } = located;
    if (isDirectory(entry)) return emptyContent(entry);
    const packed = this.#bytes.read(located.dataOffset, this.#lengthOf(located));
    const content = entry.method === stored ? Buffer.from(packed) : inflateWhole(entry, packed);
    this.#verify(located, content.length, crc32(content));
    return content;
  }

  async *#unpackInPieces(located: LocatedEntry): AsyncGenerator<Uint8Array, void, undefined> {
    const { entry } = located;
    if (isDirectory(entry)) {
      yield emptyContent(entry);
      return;
    }
    const packed = this.#packedPieces(located);
    let checksum = 0;
    let size = 0;
    for await (const piece of entry.method === stored ? packed : inflateInPieces(entry, packed)) {
      size += piece.length;
      if (size > entry.uncompressedSize) throw tooLarge(entry);
      checksum = crc32(piece, checksum);
      yield piece;
    }
    this.#verify(located, size, checksum);
  }

  *#packedPieces(located: LocatedEntry): Generator<Uint8Array, void, undefined> {
    const end = located.dataOffset + this.#lengthOf(located);
    for (let position = located.dataOffset; position < end; position += pieceBytes) {
      // A copy, for the next piece may be asked for while this one is being unpacked.
      yield Buffer.from(this.#bytes.read(position, Math.min(pieceBytes, end - position)));
    }
  }

  /** How many bytes of data there are: never more than the archive has, whatever the directory says. */
  #lengthOf({ entry, dataOffset }: LocatedEntry): number {
    const present = Math.max(this.#bytes.size - dataOffset, 0);
    return entry.compressedSize < 0 ? present : Math.min(entry.compressedSize, present);
  }

  #verify(located: LocatedEntry, size: number, checksum: number): void {
    const { entry } = located;
    if (size > entry.uncompressedSize) throw tooLarge(entry);
    if (size < entry.uncompressedSize) {
      throw faultyEntry(entry, `it has ${size} bytes instead of ${entry.uncompressedSize}`);
    }
    const hasDescriptor = (entry.flags & sizesFollow) !== 0;
    if (hasDescriptor) this.#verifyDescriptor(located);
    // Some writers leave the checksum out; without a descriptor Go takes zero for that.
    const isStated = hasDescriptor || entry.crc32 !== 0;
    if (isStated && checksum !== entry.crc32) {
      throw faultyEntry(entry, "its content does not have the checksum that is stated");
    }
  }

  /** The record after the data, with or without a signature. Its sizes may have 32 or 64 bits, and are ignored. */
  #verifyDescriptor({ entry, dataOffset }: LocatedEntry): void {
    const record = this.#bytes.read(dataOffset + entry.compressedSize, dataDescriptor.length);
    const isSigned = record.length >= 4 && record.readUInt32LE(0) === dataDescriptor.signature;
    const length = isSigned ? dataDescriptor.length : dataDescriptor.length - 4;
    if (record.length < length) throw faultyEntry(entry, "the archive ends in its data descriptor");
    if (record.readUInt32LE(isSigned ? 4 : 0) !== entry.crc32) {
      throw faultyEntry(entry, "its data descriptor does not have the checksum that is stated");
    }
  }
}

/** The name as text; throws `InvalidText` of kind `zip entry` if it is not UTF-8. */
export function entryName(entry: ZipEntry): string {
  const { rawName } = entry;
  if (!/[\u0080-\u00ff]/.test(rawName)) return rawName;
  try {
    return strictUtf8.decode(Buffer.from(rawName, "latin1"));
  } catch {
    throw faultyEntry(entry, "its name is not valid UTF-8");
  }
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** In the order in which the entries lie in the archive: the fastest one to read them in. */
export function inOrderOfPlace(entries: Iterable<ZipEntry>): ZipEntry[] {
  return Array.from(entries).sort((a, b) => a.headerOffset - b.headerOffset);
}

/** An entry is a directory by its name alone, and then its data does not matter. */
export function isDirectory(entry: ZipEntry): boolean {
  return entry.rawName.endsWith("/");
}

export function faultyEntry(entry: ZipEntry, reason: string): InvalidText {
  const name = Buffer.from(entry.rawName, "latin1").toString("utf8");
  return new InvalidText("zip entry", name, reason);
}

function inflateWhole(entry: ZipEntry, packed: Uint8Array): Uint8Array {
  requireDeflated(entry);
  try {
    return inflateRawSync(packed, {
      // One more than expected, or a second round would be needed to learn that nothing follows.
      chunkSize: Math.max(entry.uncompressedSize + 1, 64),
      maxOutputLength: Math.max(entry.uncompressedSize, 1),
    });
  } catch (failure) {
    throw inflateFailure(entry, failure);
  }
}

/**
 * Gives the memory of unpacked content back at once. A zip with many files leaves them behind faster than the garbage
 * collector, which does not see how large they are, comes by. Small buffers share Node's pool and are left alone.
 */
export function release(content: Uint8Array): void {
  const { buffer, byteLength } = content;
  if (buffer instanceof ArrayBuffer && byteLength > Buffer.poolSize) buffer.transfer(0);
}

async function* inflateInPieces(
  entry: ZipEntry,
  packed: Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  requireDeflated(entry);
  const inflate = createInflateRaw({ chunkSize: pieceBytes });
  // A failure of either side reaches whoever iterates: the pipeline destroys `inflate` with it.
  pipeline(Readable.from(packed), inflate, () => undefined);
  try {
    yield* inflate;
  } catch (failure) {
    throw inflateFailure(entry, failure);
  }
}

function requireDeflated(entry: ZipEntry): void {
  if (entry.method === deflated) return;
  throw faultyEntry(entry, `its compression method ${entry.method} is unknown`);
}

function emptyContent(entry: ZipEntry): Uint8Array {
  if (entry.uncompressedSize !== 0) throw faultyEntry(entry, "it is a directory with content");
  return new Uint8Array();
}

function tooLarge(entry: ZipEntry): InvalidText {
  return faultyEntry(entry, `it has more than the ${entry.uncompressedSize} bytes stated`);
}

/** Failures of zlib are faults of the entry; those of the source pass. */
function inflateFailure(entry: ZipEntry, failure: unknown): unknown {
  if (!(failure instanceof Error && "code" in failure)) return failure;
  if (failure.code === "ERR_BUFFER_TOO_LARGE") return tooLarge(entry);
  const isZlibFailure = typeof failure.code === "string" && failure.code.startsWith("Z_");
  return isZlibFailure
    ? faultyEntry(entry, `its data cannot be unpacked (${failure.message})`)
    : failure;
}
