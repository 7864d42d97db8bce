// Writes module zips.
import { createHash } from "node:crypto";
import { pipeline, Readable } from "node:stream";
import { crc32, createDeflateRaw } from "node:zlib";
import { InvalidText } from "../invalid-text.ts";
import { checkModuleVersion, type ModuleVersion } from "../module-version.ts";
import { parseVersion } from "../version.ts";
import type { CheckedModuleZip } from "./check-module-zip.ts";
import { DirectoryDraft } from "./directory-draft.ts";
import { type ModuleFile, selectModuleFiles } from "./module-files.ts";
import { maxGoModBytes, maxPaths, maxZipBytes } from "./module-zip-limits.ts";
import {
  type ContentFacts,
  deflateLevel,
  type PackedContent,
  packContent,
} from "./packed-content.ts";
import {
  encodeDataDescriptor,
  encodeDirectoryEnd,
  encodeLocalHeader,
  longestNameBytes,
} from "./zip-records.ts";

/** A file whose content can be had. */
export interface ReadableModuleFile extends ModuleFile {
  /**
   * The content from its start, in chunks of any length that stay as they are until another file is read: just `sizeBytes`
   * bytes. Called only for files that belong to the module, once, and once more for the root go.mod.
   */
  read(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/**
 * What is remembered of files that have been packed before. With it the zip is the same, and takes less work.
 */
export interface PackMemory<F> {
  /** The content of a file, which is then not read. */
  find(file: F): PackedContent | undefined;
  /** Is told of every small file that has been packed. */
  keep(file: F, packed: PackedContent): void;
}

const noMemory: PackMemory<unknown> = { find: () => undefined, keep: () => undefined };

/** Content is compressed in pieces of this length, so that the zip does not depend on how a file was read. */
const pieceBytes = 2 ** 20;
/** What is handed out at a time, at least. */
const chunkBytes = 2 ** 17;

/**
 * The zip of a module, made of those `files` that belong to it, in their order. The same files give the same bytes. At the
 * end it gives what `checkModuleZip` would find in it. No more than a few pieces of one file are in memory, and the
 * directory with some 100 bytes for each file, of which it is made fastest in the order of their paths. Chunks are large, for each may cost its reader a call to the disk. Throws `InvalidText` of kind `module zip` if the files are no
 * module, if a file has not the size that was announced, or if the zip grows larger than it may be; what `read` throws is
 * passed on. Authority: golang.org/x/mod/zip.Create, which lets a file be shorter than announced.
 */
export async function* writeModuleZip<F extends ReadableModuleFile>(
  module: ModuleVersion,
  files: readonly F[],
  memory: PackMemory<F> = noMemory,
): AsyncGenerator<Uint8Array, CheckedModuleZip, undefined> {
  checkModuleVersion(module.path, parseVersion(module.version));
  const prefix = `${module.path}@${module.version}`;
  const goMod = await goModOf(files);
  const archive = new Archive(prefix);
  for (const file of filesToWrite(prefix, files, goMod)) {
    const name = Buffer.from(`${prefix}/${file.path}`, "utf8");
    if (name.length > longestNameBytes)
      throw invalidZip(prefix, `${file.path}: its name is too long`);
    archive.begin(name);
    if (file.sizeBytes > pieceBytes) archive.endEntry(yield* addInPieces(archive, file));
    else {
      const packed = memory.find(file) ?? (await packFile(archive, file, memory));
      archive.add(packed.deflated);
      archive.endEntry(packed);
    }
    if (archive.heldBytes >= chunkBytes) yield archive.take();
  }
  for (const part of archive.directory()) {
    archive.add(part);
    if (archive.heldBytes >= chunkBytes) yield archive.take();
  }
  if (archive.heldBytes > 0) yield archive.take();
  return { ...archive.summary(), goMod };
}

/** Most files are small, and each step on the way of a file costs more than packing it. */
async function packFile<F extends ReadableModuleFile>(
  archive: Archive,
  file: F,
  memory: PackMemory<F>,
): Promise<PackedContent> {
  const held: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of file.read()) {
    held.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > file.sizeBytes) break;
  }
  archive.requireSize(file, sizeBytes);
  const packed = await packContent(joined(held));
  memory.keep(file, packed);
  return packed;
}

async function* addInPieces(
  archive: Archive,
  file: ReadableModuleFile,
): AsyncGenerator<Uint8Array, ContentFacts, undefined> {
  const content = new MeasuredContent(file, archive);
  const deflate = createDeflateRaw({ level: deflateLevel });
  // A failure of either side reaches whoever iterates: the pipeline destroys `deflate` with it.
  pipeline(Readable.from(content.pieces(), { objectMode: false }), deflate, () => undefined);
  for await (const chunk of deflate) {
    archive.add(chunk);
    if (archive.heldBytes >= chunkBytes) yield archive.take();
  }
  return content.facts();
}

function filesToWrite<F extends ReadableModuleFile>(
  prefix: string,
  files: readonly F[],
  goMod: Uint8Array | undefined,
): readonly F[] {
  const selection = selectModuleFiles(files, goMod);
  for (const { path, reason } of selection.invalid) throw invalidZip(prefix, `${path}: ${reason}`);
  if (selection.isTooLarge) {
    throw invalidZip(prefix, `its files add up to more than ${maxZipBytes} bytes`);
  }
  if (selection.keep.length > maxPaths) {
    throw invalidZip(prefix, `it has more than ${maxPaths} files`);
  }
  return selection.keep;
}

/** The go.mod of the root. One that is too large is refused by its size, so what it says does not matter. */
async function goModOf(files: readonly ReadableModuleFile[]): Promise<Uint8Array | undefined> {
  const goMod = files.find((file) => file.path === "go.mod" && file.kind === "regular");
  if (goMod === undefined || goMod.sizeBytes > maxGoModBytes) return undefined;
  return Buffer.concat(await Array.fromAsync(goMod.read()));
}

/** The records and the data of a zip that have not been handed out, and what the directory at its end will say. */
class Archive {
  size = 0;
  heldBytes = 0;
  readonly #prefix: string;
  readonly #directory = new DirectoryDraft();
  #held: Uint8Array[] = [];
  #name: Buffer = Buffer.alloc(0);
  #headerOffset = 0;
  #dataOffset = 0;
  #uncompressedSize = 0;
  readonly #sha256 = createHash("sha256");

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  add(chunk: Uint8Array): void {
    this.size += chunk.length;
    if (this.size > maxZipBytes) {
      throw invalidZip(this.#prefix, `it grows larger than ${maxZipBytes} bytes`);
    }
    this.#held.push(chunk);
    this.heldBytes += chunk.length;
  }

  /** What has been added since the last time. */
  take(): Uint8Array {
    const chunk = joined(this.#held);
    this.#sha256.update(chunk);
    this.#held = [];
    this.heldBytes = 0;
    return chunk;
  }

  begin(name: Buffer): void {
    this.#name = name;
    this.#headerOffset = this.size;
    this.add(encodeLocalHeader(name));
    this.#dataOffset = this.size;
  }

  endEntry({ crc32, sha256, sizeBytes }: ContentFacts): void {
    const entry = {
      name: this.#name,
      crc32,
      compressedSize: this.size - this.#dataOffset,
      uncompressedSize: sizeBytes,
      headerOffset: this.#headerOffset,
    };
    this.#directory.add(entry, sha256);
    this.#uncompressedSize += sizeBytes;
    this.add(encodeDataDescriptor(entry));
  }

  /** What is still to be added when all entries have been. */
  *directory(): Generator<Uint8Array, void, undefined> {
    const { size } = this;
    yield* this.#directory.chunks;
    yield encodeDirectoryEnd(this.#directory.entries, this.size - size, size);
  }

  /** To be asked for once, when everything has been handed out. */
  summary(): Omit<CheckedModuleZip, "goMod"> {
    return {
      hash: this.#directory.hash(),
      digest: this.#sha256.digest("hex"),
      files: this.#directory.entries,
      uncompressedSize: this.#uncompressedSize,
    };
  }

  /** Throws unless a file is as large as it was said to be. */
  requireSize(file: ReadableModuleFile, sizeBytes: number): void {
    if (sizeBytes === file.sizeBytes) return;
    const difference = sizeBytes > file.sizeBytes ? "larger" : "smaller";
    const reason = `it is ${difference} than the ${file.sizeBytes} bytes announced`;
    throw invalidZip(this.#prefix, `${file.path}: ${reason}`);
  }
}

/** The content of a large file, measured while it passes. */
class MeasuredContent {
  readonly #file: ReadableModuleFile;
  readonly #archive: Archive;
  readonly #sha256 = createHash("sha256");
  #crc32 = 0;
  #sizeBytes = 0;

  constructor(file: ReadableModuleFile, archive: Archive) {
    this.#file = file;
    this.#archive = archive;
  }

  async *pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const piece of inPieces(this.#file.read())) {
      this.#crc32 = crc32(piece, this.#crc32);
      this.#sha256.update(piece);
      this.#sizeBytes += piece.length;
      if (this.#sizeBytes > this.#file.sizeBytes) break;
      yield piece;
    }
    this.#archive.requireSize(this.#file, this.#sizeBytes);
  }

  /** To be asked when all pieces have passed. */
  facts(): ContentFacts {
    const sha256 = this.#sha256.digest("hex");
    return { crc32: this.#crc32, sha256, sizeBytes: this.#sizeBytes };
  }
}

/** Cuts content into pieces of `pieceBytes`; the last one is shorter. */
async function* inPieces(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  for await (const chunk of chunks) {
    held.push(chunk);
    heldBytes += chunk.length;
    if (heldBytes < pieceBytes) continue;
    let rest = joined(held);
    for (; rest.length >= pieceBytes; rest = rest.subarray(pieceBytes)) {
      yield rest.subarray(0, pieceBytes);
    }
    held = [rest];
    heldBytes = rest.length;
  }
  if (heldBytes > 0) yield joined(held);
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
}

function invalidZip(prefix: string, reason: string): InvalidText {
  return new InvalidText("module zip", prefix, reason);
}
