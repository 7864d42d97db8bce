// Writes module zips.
import { pipeline, Readable } from "node:stream";
import { promisify } from "node:util";
import { crc32, createDeflateRaw, deflateRaw, deflateRawSync } from "node:zlib";
import { InvalidText } from "../invalid-text.ts";
import { checkModuleVersion, type ModuleVersion } from "../module-version.ts";
import { parseVersion } from "../version.ts";
import { type ModuleFile, selectModuleFiles } from "./module-files.ts";
import { maxGoModBytes, maxZipBytes } from "./module-zip-limits.ts";
import {
  encodeDataDescriptor,
  encodeDirectoryEnd,
  encodeDirectoryHeader,
  encodeLocalHeader,
  longestNameBytes,
  type WrittenEntry,
} from "./zip-records.ts";

/** A file whose content can be had. */
export interface ReadableModuleFile extends ModuleFile {
  /**
   * The content from its start, in chunks of any length that stay as they are: just `sizeBytes` bytes. Called only for
   * files that belong to the module, once, and once more for the root go.mod.
   */
  read(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** Deflate's usual compromise, the one that Go's archive/zip makes too. */
const level = 6;
/** Content is compressed in pieces of this length, so that the zip does not depend on how a file was read. */
const pieceBytes = 2 ** 20;
/** What is handed out at a time, at least. */
const chunkBytes = 2 ** 17;
/** Up to here the way to another thread and back takes longer than compressing. */
const hereBytes = 32 * 1024;
const deflateElsewhere = promisify(deflateRaw);

/**
 * The zip of a module, made of those `files` that belong to it, in their order. The same files give the same bytes. No
 * more than a few pieces of one file are in memory. Chunks are large, for each may cost its reader a call to the disk.
 * Throws `InvalidText` of kind `module zip` if the files are no module, if a file has not the size that was announced, or
 * if the zip grows larger than it may be; what `read` throws is passed on. Authority: golang.org/x/mod/zip.Create, which
 * lets a file be shorter than announced.
 */
export function writeModuleZip(
  module: ModuleVersion,
  files: readonly ReadableModuleFile[],
): AsyncGenerator<Uint8Array, void, undefined> {
  return gathered(records(module, files));
}

/** Makes few large chunks out of many small ones. */
async function* gathered(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  for await (const chunk of chunks) {
    held.push(chunk);
    heldBytes += chunk.length;
    if (heldBytes < chunkBytes) continue;
    yield joined(held);
    held = [];
    heldBytes = 0;
  }
  if (heldBytes > 0) yield joined(held);
}

async function* records(
  module: ModuleVersion,
  files: readonly ReadableModuleFile[],
): AsyncGenerator<Uint8Array, void, undefined> {
  checkModuleVersion(module.path, parseVersion(module.version));
  const prefix = `${module.path}@${module.version}`;
  const archive = new Archive(prefix);

  for (const file of await filesToWrite(prefix, files)) {
    const name = Buffer.from(`${prefix}/${file.path}`, "utf8");
    if (name.length > longestNameBytes)
      throw invalidZip(prefix, `${file.path}: its name is too long`);
    const content = new MeasuredContent(file, prefix);
    const headerOffset = archive.size;
    yield archive.add(encodeLocalHeader(name));

    const dataOffset = archive.size;
    for await (const chunk of deflated(content.pieces())) yield archive.add(chunk);
    yield archive.endEntry({
      name,
      crc32: content.crc32,
      compressedSize: archive.size - dataOffset,
      uncompressedSize: content.sizeBytes,
      headerOffset,
    });
  }
  yield* archive.directory();
}

async function filesToWrite(
  prefix: string,
  files: readonly ReadableModuleFile[],
): Promise<readonly ReadableModuleFile[]> {
  const goMod = files.find((file) => file.path === "go.mod" && file.kind === "regular");
  const selection = selectModuleFiles(files, goMod && (await contentOf(goMod)));
  for (const { path, reason } of selection.invalid) throw invalidZip(prefix, `${path}: ${reason}`);
  if (selection.isTooLarge) {
    throw invalidZip(prefix, `its files add up to more than ${maxZipBytes} bytes`);
  }
  return selection.keep;
}

/** A go.mod that is too large is refused by its size, so what it says does not matter. */
async function contentOf(goMod: ReadableModuleFile): Promise<Uint8Array | undefined> {
  if (goMod.sizeBytes > maxGoModBytes) return undefined;
  const chunks: Uint8Array[] = [];
  for await (const chunk of goMod.read()) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Counts what has been written, and remembers the entries for the directory at the end. */
class Archive {
  size = 0;
  readonly #prefix: string;
  readonly #entries: WrittenEntry[] = [];

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  add(chunk: Uint8Array): Uint8Array {
    this.size += chunk.length;
    if (this.size > maxZipBytes) {
      throw invalidZip(this.#prefix, `it grows larger than ${maxZipBytes} bytes`);
    }
    return chunk;
  }

  endEntry(entry: WrittenEntry): Uint8Array {
    this.#entries.push(entry);
    return this.add(encodeDataDescriptor(entry));
  }

  *directory(): Generator<Uint8Array, void, undefined> {
    const offset = this.size;
    for (const entry of this.#entries) yield this.add(encodeDirectoryHeader(entry));
    yield this.add(encodeDirectoryEnd(this.#entries.length, this.size - offset, offset));
  }
}

/** The content of a file, measured while it passes. */
class MeasuredContent {
  crc32 = 0;
  sizeBytes = 0;
  readonly #file: ReadableModuleFile;
  readonly #prefix: string;

  constructor(file: ReadableModuleFile, prefix: string) {
    this.#file = file;
    this.#prefix = prefix;
  }

  async *pieces(): AsyncGenerator<Uint8Array, void, undefined> {
    const { path, sizeBytes } = this.#file;
    for await (const piece of inPieces(this.#file.read())) {
      this.crc32 = crc32(piece, this.crc32);
      this.sizeBytes += piece.length;
      if (this.sizeBytes > sizeBytes) break;
      yield piece;
    }
    if (this.sizeBytes === sizeBytes) return;
    const difference = this.sizeBytes > sizeBytes ? "larger" : "smaller";
    throw invalidZip(
      this.#prefix,
      `${path}: it is ${difference} than the ${sizeBytes} bytes announced`,
    );
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

/** A single piece is compressed in one go; more of them pass through a stream. */
async function* deflated(
  pieces: AsyncGenerator<Uint8Array, void, undefined>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const first = await pieces.next();
  const second = first.done ? first : await pieces.next();
  if (second.done) {
    const only = first.value ?? new Uint8Array();
    yield only.length <= hereBytes
      ? deflateRawSync(only, { level })
      : await deflateElsewhere(only, { level });
    return;
  }
  const all = (async function* () {
    if (!first.done) yield first.value;
    yield second.value;
    yield* pieces;
  })();
  const deflate = createDeflateRaw({ level });
  // A failure of either side reaches whoever iterates: the pipeline destroys `deflate` with it.
  pipeline(Readable.from(all, { objectMode: false }), deflate, () => undefined);
  yield* deflate;
}

function invalidZip(prefix: string, reason: string): InvalidText {
  return new InvalidText("module zip", prefix, reason);
}
