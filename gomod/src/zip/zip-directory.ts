// What a zip archive says about itself: its central directory.
import { InvalidText } from "../invalid-text.ts";
import { type ByteSource, ReadAhead } from "./byte-source.ts";
import {
  directoryEnd,
  directoryEnd64,
  directoryEnd64Locator,
  directoryHeader,
  seeZip64,
  zip64ExtraId,
} from "./zip-records.ts";

/** An entry as the central directory describes it. */
export interface ZipEntry {
  /** The bytes of the name, one UTF-16 unit for each: comparing such texts compares the bytes. */
  readonly rawName: string;
  readonly flags: number;
  readonly method: number;
  readonly crc32: number;
  /** In bytes. Negative where the archive says more than 2**63. */
  readonly compressedSize: number;
  /** In bytes. */
  readonly uncompressedSize: number;
  /** Where the local header begins. May lie outside the archive. */
  readonly headerOffset: number;
}

/** The entries of an archive in the order of its directory, and where that lies. */
export interface ZipDirectory {
  readonly entries: readonly ZipEntry[];
  readonly offset: number;
}

/** How far from the end of the archive its end record may begin. */
const endSearchBytes = 65 * 1024;
const endSignature = Buffer.from("PK\u0005\u0006", "latin1");
const maxInt64 = 2n ** 63n - 1n;

/**
 * Reads the directory of an archive. Throws `InvalidText` of kind `zip record` where Go's archive/zip refuses it, or if
 * there are more than `maxEntries`. Bytes before the first entry and after the end record are let pass, as Go does.
 * Authority: Go's archive/zip.NewReader, in all its leniency: the number of entries counts modulo 65536 only, and the
 * directory goes on until something else than a header comes.
 */
export function readZipDirectory(
  source: ByteSource,
  maxEntries: number = Number.POSITIVE_INFINITY,
): ZipDirectory {
  const bytes = new ReadAhead(source);
  const end = readDirectoryEnd(bytes);
  const { base, offset } = placeOf(end, bytes);

  const entries: ZipEntry[] = [];
  let position = offset;
  for (;;) {
    const header = readDirectoryHeader(bytes, position, base);
    if (header === "nothing") throw faultyRecord("central directory", "the archive ends in it");
    if (header === "something else") break;
    entries.push(header.entry);
    position = header.next;
    if (entries.length > maxEntries) {
      throw faultyRecord("central directory", `it has more than ${maxEntries} entries`);
    }
  }
  if (entries.length % 0x10000 !== end.entriesModulo65536) {
    throw faultyRecord("central directory", `it breaks off after ${entries.length} entries`);
  }
  return { entries, offset };
}

interface DirectoryEnd {
  /** Where the end record begins, which is where the directory should end. */
  readonly position: number;
  readonly entriesModulo65536: number;
  readonly size: bigint;
  readonly offset: bigint;
}

function readDirectoryEnd(bytes: ReadAhead): DirectoryEnd {
  const tailPosition = Math.max(0, bytes.size - endSearchBytes);
  const tail = bytes.read(tailPosition, endSearchBytes);
  const start =
    tail.length < directoryEnd.length
      ? -1
      : tail.lastIndexOf(endSignature, tail.length - directoryEnd.length);
  if (start < 0) throw faultyRecord("end of central directory", "there is none");
  const record = tail.subarray(start);
  if (directoryEnd.length + record.readUInt16LE(20) > record.length) {
    throw faultyRecord("end of central directory", "its comment is cut off");
  }

  const end = {
    position: tailPosition + start,
    entriesModulo65536: record.readUInt16LE(10),
    size: BigInt(record.readUInt32LE(12)),
    offset: BigInt(record.readUInt32LE(16)),
  };
  // Go looks at 16 bits of the size.
  const mayBeZip64 =
    end.entriesModulo65536 === seeZip64.in16Bits ||
    end.size === BigInt(seeZip64.in16Bits) ||
    end.offset === BigInt(seeZip64.in32Bits);
  return (mayBeZip64 && readDirectoryEnd64(bytes, end.position)) || end;
}

/** The larger end record, if a locator stands just before the smaller one. */
function readDirectoryEnd64(bytes: ReadAhead, endPosition: number): DirectoryEnd | undefined {
  const locator = bytes.read(
    endPosition - directoryEnd64Locator.length,
    directoryEnd64Locator.length,
  );
  if (locator.length < directoryEnd64Locator.length) return undefined;
  const isLocator =
    locator.readUInt32LE(0) === directoryEnd64Locator.signature &&
    locator.readUInt32LE(4) === 0 &&
    locator.readUInt32LE(16) === 1;
  const position = Number(locator.readBigInt64LE(8));
  if (!isLocator || position < 0) return undefined;

  const record = bytes.read(position, directoryEnd64.length);
  if (
    record.length < directoryEnd64.length ||
    record.readUInt32LE(0) !== directoryEnd64.signature
  ) {
    throw faultyRecord("zip64 end of central directory", "it is not where its locator points");
  }
  return {
    position,
    entriesModulo65536: record.readUInt16LE(32),
    size: record.readBigUInt64LE(40),
    offset: record.readBigUInt64LE(48),
  };
}

/** Where the directory lies, and what has to be added to the offsets in it: the length of what precedes the archive. */
function placeOf(end: DirectoryEnd, bytes: ReadAhead): { base: bigint; offset: number } {
  if (end.size > BigInt(end.position) || end.offset > maxInt64) {
    throw faultyRecord("end of central directory", "it points outside the archive");
  }
  const offset = BigInt(end.position) - end.size;
  const base = offset - end.offset;
  // Some archives count from the start of the file although something precedes them.
  const countsFromStart =
    base > 0 && typeof readDirectoryHeader(bytes, Number(end.offset), 0n) === "object";
  return countsFromStart
    ? { base: 0n, offset: Number(end.offset) }
    : { base, offset: Number(offset) };
}

type HeaderReading = { entry: ZipEntry; next: number } | "something else" | "nothing";

function readDirectoryHeader(bytes: ReadAhead, position: number, base: bigint): HeaderReading {
  const fixed = bytes.read(position, directoryHeader.length);
  if (fixed.length === 0) return "nothing";
  if (fixed.length < directoryHeader.length) return "something else";
  if (fixed.readUInt32LE(0) !== directoryHeader.signature) return "something else";

  const nameLength = fixed.readUInt16LE(28);
  const extraLength = fixed.readUInt16LE(30);
  const length = directoryHeader.length + nameLength + extraLength + fixed.readUInt16LE(32);
  const header = bytes.read(position, length);
  if (header.length < length) {
    return header.length === directoryHeader.length ? "nothing" : "something else";
  }
  const extraAt = directoryHeader.length + nameLength;
  const sizes = readSizes(header, header.subarray(extraAt, extraAt + extraLength), base);
  if (sizes === undefined) return "something else";
  const entry = {
    rawName: header.toString("latin1", directoryHeader.length, extraAt),
    flags: header.readUInt16LE(8),
    method: header.readUInt16LE(10),
    crc32: header.readUInt32LE(16),
    ...sizes,
  };
  return { entry, next: position + length };
}

type Sizes = Pick<ZipEntry, "compressedSize" | "uncompressedSize" | "headerOffset">;

/** The three numbers that may have to be looked up in the zip64 field; `undefined` if they are not there. */
function readSizes(fixed: Buffer, extra: Buffer, base: bigint): Sizes | undefined {
  const uncompressedSize = fixed.readUInt32LE(24);
  const compressedSize = fixed.readUInt32LE(20);
  const headerOffset = fixed.readUInt32LE(42);
  const missing = [uncompressedSize, compressedSize, headerOffset].filter(
    (number) => number === seeZip64.in32Bits,
  ).length;
  if (missing === 0) {
    return { uncompressedSize, compressedSize, headerOffset: headerOffset + Number(base) };
  }

  const field = zip64Field(extra);
  if (field === undefined) {
    // 2**32-1 may be the true size of what was unpacked, but of nothing else.
    if (missing > 1 || uncompressedSize !== seeZip64.in32Bits) return undefined;
    return { uncompressedSize, compressedSize, headerOffset: headerOffset + Number(base) };
  }
  if (field.length < 8 * missing) return undefined;
  let at = 0;
  const wide = (number: number): bigint => {
    if (number !== seeZip64.in32Bits) return BigInt(number);
    at += 8;
    return field.readBigInt64LE(at - 8);
  };
  return {
    uncompressedSize: Number(BigInt.asUintN(64, wide(uncompressedSize))),
    compressedSize: Number(wide(compressedSize)),
    headerOffset: Number(BigInt.asIntN(64, wide(headerOffset) + base)),
  };
}

/** The first zip64 field among the extra fields. A field that is cut off ends the search. */
function zip64Field(extra: Buffer): Buffer | undefined {
  for (let at = 0; at + 4 <= extra.length; ) {
    const id = extra.readUInt16LE(at);
    const end = at + 4 + extra.readUInt16LE(at + 2);
    if (end > extra.length) return undefined;
    if (id === zip64ExtraId) return extra.subarray(at + 4, end);
    at = end;
  }
  return undefined;
}

function faultyRecord(record: string, reason: string): InvalidText {
  return new InvalidText("zip record", record, reason);
}
