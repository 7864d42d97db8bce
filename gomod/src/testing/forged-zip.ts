// Zip archives that say whatever a test wants them to say, true or not.
import { crc32, deflateRawSync } from "node:zlib";
import {
  dataDescriptor,
  deflated,
  directoryEnd,
  directoryEnd64,
  directoryEnd64Locator,
  directoryHeader,
  localHeader,
  sizesFollow,
  stored,
} from "../zip/zip-records.ts";

/** The fields that both headers of an entry have. */
export interface ForgedHeader {
  /** One UTF-16 unit per byte. */
  readonly rawName: string;
  readonly flags: number;
  readonly method: number;
  readonly crc32: number;
  readonly compressedSize: number;
  readonly uncompressedSize: number;
  readonly extra: Uint8Array;
}

/** An entry: what is not given is made up so that the archive is sound. */
export interface ForgedEntry {
  readonly name: string;
  readonly content?: string | Uint8Array;
  readonly method?: "stored" | "deflated";
  /** The bytes between the headers, instead of the packed content. */
  readonly data?: Uint8Array;
  /** Whether the sizes follow the data, and if so with a signature or without. */
  readonly descriptor?: "signed" | "bare";
  /** The checksum in the descriptor. */
  readonly descriptorCrc32?: number;
  readonly local?: Partial<ForgedHeader>;
  readonly directory?: Partial<ForgedHeader> & {
    readonly headerOffset?: number;
    readonly comment?: string;
  };
}

/** The archive around the entries. */
export interface ForgedArchive {
  /** What stands in front. Offsets count from behind it, unless `countsFromStart`. */
  readonly before?: Uint8Array;
  readonly countsFromStart?: boolean;
  readonly comment?: string;
  /** What stands behind the comment. */
  readonly after?: Uint8Array;
  readonly zip64?: boolean;
  readonly end?: Partial<ForgedEnd>;
}

interface ForgedEnd {
  readonly entries: number;
  readonly size: number;
  readonly offset: number;
  readonly commentLength: number;
}

/** The bytes of an archive with these entries. */
export function forgeZip(entries: readonly ForgedEntry[], archive: ForgedArchive = {}): Buffer {
  const before = Buffer.from(archive.before ?? []);
  const base = archive.countsFromStart ? before.length : 0;
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let position = 0;
  for (const entry of entries) {
    const truth = headerOf(entry);
    const locals = localBytes(entry, truth);
    directory.push(directoryBytes(entry, truth, base + position));
    parts.push(locals);
    position += locals.length;
  }
  const directoryPart = Buffer.concat(directory);
  const end = {
    entries: entries.length,
    size: directoryPart.length,
    offset: base + position,
    ...archive.end,
  };
  const endPart = endBytes(end, archive, before.length + position + directoryPart.length);
  return Buffer.concat([
    before,
    ...parts,
    directoryPart,
    endPart,
    archive.after ?? Buffer.alloc(0),
  ]);
}

/** The extra field with sizes and offsets of 64 bits, as many as the header asks for. */
export function zip64Extra(...numbers: readonly bigint[]): Buffer {
  const field = Buffer.alloc(4 + 8 * numbers.length);
  field.writeUInt16LE(1, 0);
  field.writeUInt16LE(8 * numbers.length, 2);
  for (const [index, number] of numbers.entries()) field.writeBigUInt64LE(number, 4 + 8 * index);
  return field;
}

function headerOf(entry: ForgedEntry): ForgedHeader & { readonly data: Uint8Array } {
  const content = Buffer.from(entry.content ?? "");
  const isStored = entry.method === "stored" || entry.name.endsWith("/");
  const data = entry.data ?? (isStored ? content : deflateRawSync(content));
  return {
    rawName: Buffer.from(entry.name).toString("latin1"),
    flags: entry.descriptor === undefined ? 0 : sizesFollow,
    method: isStored ? stored : deflated,
    crc32: crc32(content),
    compressedSize: data.length,
    uncompressedSize: content.length,
    extra: Buffer.alloc(0),
    data,
  };
}

function localBytes(entry: ForgedEntry, truth: ReturnType<typeof headerOf>): Buffer {
  const unknown = { crc32: 0, compressedSize: 0, uncompressedSize: 0 };
  const header = { ...truth, ...(entry.descriptor && unknown), ...entry.local };
  const fixed = Buffer.alloc(localHeader.length);
  fixed.writeUInt32LE(localHeader.signature, 0);
  writeCommonFields(fixed, 6, header);
  const name = Buffer.from(header.rawName, "latin1");
  return Buffer.concat([fixed, name, header.extra, truth.data, descriptorBytes(entry, truth)]);
}

function descriptorBytes(entry: ForgedEntry, truth: ForgedHeader): Buffer {
  if (entry.descriptor === undefined) return Buffer.alloc(0);
  const record = Buffer.alloc(dataDescriptor.length);
  record.writeUInt32LE(dataDescriptor.signature, 0);
  record.writeUInt32LE(entry.descriptorCrc32 ?? truth.crc32, 4);
  record.writeUInt32LE(truth.compressedSize, 8);
  record.writeUInt32LE(truth.uncompressedSize, 12);
  return entry.descriptor === "signed" ? record : record.subarray(4);
}

function directoryBytes(entry: ForgedEntry, truth: ForgedHeader, headerOffset: number): Buffer {
  const header = { ...truth, headerOffset, comment: "", ...entry.directory };
  const fixed = Buffer.alloc(directoryHeader.length);
  fixed.writeUInt32LE(directoryHeader.signature, 0);
  writeCommonFields(fixed, 8, header);
  fixed.writeUInt16LE(header.comment.length, 32);
  fixed.writeUInt32LE(header.headerOffset, 42);
  const name = Buffer.from(header.rawName, "latin1");
  return Buffer.concat([fixed, name, header.extra, Buffer.from(header.comment)]);
}

/** The fields from the flags to the length of the extra fields lie in the same order in both headers. */
function writeCommonFields(record: Buffer, start: number, header: ForgedHeader): void {
  record.writeUInt16LE(header.flags, start);
  record.writeUInt16LE(header.method, start + 2);
  record.writeUInt32LE(header.crc32, start + 8);
  record.writeUInt32LE(header.compressedSize, start + 12);
  record.writeUInt32LE(header.uncompressedSize, start + 16);
  record.writeUInt16LE(header.rawName.length, start + 20);
  record.writeUInt16LE(header.extra.length, start + 22);
}

function endBytes(
  end: Omit<ForgedEnd, "commentLength"> & Partial<ForgedEnd>,
  archive: ForgedArchive,
  position: number,
): Buffer {
  const comment = Buffer.from(archive.comment ?? "");
  const record = Buffer.alloc(directoryEnd.length);
  record.writeUInt32LE(directoryEnd.signature, 0);
  record.writeUInt16LE(archive.zip64 ? 0xffff : end.entries % 0x10000, 8);
  record.writeUInt16LE(archive.zip64 ? 0xffff : end.entries % 0x10000, 10);
  record.writeUInt32LE(archive.zip64 ? 0xffff_ffff : end.size, 12);
  record.writeUInt32LE(archive.zip64 ? 0xffff_ffff : end.offset, 16);
  record.writeUInt16LE(end.commentLength ?? comment.length, 20);
  return Buffer.concat([
    archive.zip64 ? end64Bytes(end, position) : Buffer.alloc(0),
    record,
    comment,
  ]);
}

function end64Bytes(end: Omit<ForgedEnd, "commentLength">, position: number): Buffer {
  const record = Buffer.alloc(directoryEnd64.length + directoryEnd64Locator.length);
  record.writeUInt32LE(directoryEnd64.signature, 0);
  record.writeBigUInt64LE(BigInt(directoryEnd64.length - 12), 4);
  record.writeBigUInt64LE(BigInt(end.entries), 24);
  record.writeBigUInt64LE(BigInt(end.entries), 32);
  record.writeBigUInt64LE(BigInt(end.size), 40);
  record.writeBigUInt64LE(BigInt(end.offset), 48);
  record.writeUInt32LE(directoryEnd64Locator.signature, directoryEnd64.length);
  record.writeBigUInt64LE(BigInt(position), directoryEnd64.length + 8);
  record.writeUInt32LE(1, directoryEnd64.length + 16);
  return record;
}
