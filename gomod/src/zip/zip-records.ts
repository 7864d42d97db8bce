// The records of a zip archive as bytes: signatures and lengths for reading, and the records that a module zip needs.
// Authority: PKWARE APPNOTE.TXT 6.3.10, section 4.3. All numbers are little-endian.
import { isAscii } from "node:buffer";

export const localHeader = { signature: 0x04034b50, length: 30 } as const;
export const dataDescriptor = { signature: 0x08074b50, length: 16 } as const;
export const directoryHeader = { signature: 0x02014b50, length: 46 } as const;
export const directoryEnd = { signature: 0x06054b50, length: 22 } as const;
export const directoryEnd64 = { signature: 0x06064b50, length: 56 } as const;
export const directoryEnd64Locator = { signature: 0x07064b50, length: 20 } as const;

/** What a 16 or 32 bit field says when the truth is in a zip64 record. */
export const seeZip64 = { in16Bits: 0xffff, in32Bits: 0xffff_ffff } as const;
export const zip64ExtraId = 0x0001;

/** The length of a name has 16 bits. */
export const longestNameBytes = 0xffff;

export const stored = 0;
export const deflated = 8;

/** Flag bits: the sizes follow the data; the name is UTF-8. */
export const sizesFollow = 0x0008;
const utf8Name = 0x0800;

/** What is known about an entry once its content has been written. */
export interface WrittenEntry {
  readonly name: Uint8Array;
  readonly crc32: number;
  readonly compressedSize: number;
  readonly uncompressedSize: number;
  readonly headerOffset: number;
}

const version20 = 20;
const version45 = 45;

/**
 * The header before the data of a deflated entry whose sizes will follow the data. Date and time are zero, as in the
 * zips that the go command writes: the same files always give the same bytes.
 */
export function encodeLocalHeader(name: Uint8Array): Uint8Array {
  const record = Buffer.allocUnsafe(localHeader.length + name.length);
  record.set(isAscii(name) ? localStart : localStartUtf8);
  record.writeUInt16LE(name.length, 26);
  record.set(name, localHeader.length);
  return record;
}

/** The sizes after the data. */
export function encodeDataDescriptor(entry: WrittenEntry): Uint8Array {
  const record = Buffer.allocUnsafe(dataDescriptor.length);
  record.writeUInt32LE(dataDescriptor.signature, 0);
  record.writeUInt32LE(entry.crc32, 4);
  record.writeUInt32LE(entry.compressedSize, 8);
  record.writeUInt32LE(entry.uncompressedSize, 12);
  return record;
}

/** The header of a deflated entry in the central directory. */
export function encodeDirectoryHeader(entry: WrittenEntry): Uint8Array {
  const record = Buffer.allocUnsafe(directoryHeader.length + entry.name.length);
  record.set(isAscii(entry.name) ? directoryStart : directoryStartUtf8);
  record.writeUInt32LE(entry.crc32, 16);
  record.writeUInt32LE(entry.compressedSize, 20);
  record.writeUInt32LE(entry.uncompressedSize, 24);
  record.writeUInt16LE(entry.name.length, 28);
  record.writeUInt32LE(entry.headerOffset, 42);
  record.set(entry.name, directoryHeader.length);
  return record;
}

/** The length of the header that `record` begins with. */
export function directoryHeaderLength(record: Buffer): number {
  return directoryHeader.length + record.readUInt16LE(28);
}

/** The end of an archive below 4 GiB; with the zip64 records in front if there are too many entries for 16 bits. */
export function encodeDirectoryEnd(entries: number, size: number, offset: number): Uint8Array {
  const record = Buffer.alloc(directoryEnd.length);
  const shownEntries = Math.min(entries, seeZip64.in16Bits);
  record.writeUInt32LE(directoryEnd.signature, 0);
  record.writeUInt16LE(shownEntries, 8);
  record.writeUInt16LE(shownEntries, 10);
  record.writeUInt32LE(size, 12);
  record.writeUInt32LE(offset, 16);
  if (entries < seeZip64.in16Bits) return record;
  return Buffer.concat([encodeDirectoryEnd64(entries, size, offset), record]);
}

function encodeDirectoryEnd64(entries: number, size: number, offset: number): Uint8Array {
  const record = Buffer.alloc(directoryEnd64.length + directoryEnd64Locator.length);
  record.writeUInt32LE(directoryEnd64.signature, 0);
  record.writeBigUInt64LE(BigInt(directoryEnd64.length - 12), 4);
  record.writeUInt16LE(version45, 12);
  record.writeUInt16LE(version45, 14);
  record.writeBigUInt64LE(BigInt(entries), 24);
  record.writeBigUInt64LE(BigInt(entries), 32);
  record.writeBigUInt64LE(BigInt(size), 40);
  record.writeBigUInt64LE(BigInt(offset), 48);

  record.writeUInt32LE(directoryEnd64Locator.signature, directoryEnd64.length);
  record.writeBigUInt64LE(BigInt(offset + size), directoryEnd64.length + 8);
  record.writeUInt32LE(1, directoryEnd64.length + 16);
  return record;
}

/** What all local headers have in common, up to the name. */
function commonLocalHeader(flags: number): Uint8Array {
  const record = Buffer.alloc(localHeader.length);
  record.writeUInt32LE(localHeader.signature, 0);
  record.writeUInt16LE(version20, 4);
  record.writeUInt16LE(flags, 6);
  record.writeUInt16LE(deflated, 8);
  return record;
}

/** What all headers of the directory have in common, up to the name. */
function commonDirectoryHeader(flags: number): Uint8Array {
  const record = Buffer.alloc(directoryHeader.length);
  record.writeUInt32LE(directoryHeader.signature, 0);
  record.writeUInt16LE(version20, 4);
  record.writeUInt16LE(version20, 6);
  record.writeUInt16LE(flags, 8);
  record.writeUInt16LE(deflated, 10);
  return record;
}

const localStart = commonLocalHeader(sizesFollow);
const localStartUtf8 = commonLocalHeader(sizesFollow | utf8Name);
const directoryStart = commonDirectoryHeader(sizesFollow);
const directoryStartUtf8 = commonDirectoryHeader(sizesFollow | utf8Name);
