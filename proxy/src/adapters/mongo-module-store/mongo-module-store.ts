// The module store in MongoDB, in Athens' layout.
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  isVersion,
  type ModulePath,
  type ModuleVersion,
  matchesPathMajor,
  splitPathVersion,
  type Version,
} from "@stoa/gomod";
import { Binary, type GridFSFile, type ObjectId } from "mongodb";
import { requireSameFile } from "../../domain/altered-module.ts";
import type {
  FileKind,
  ModuleFiles,
  ModuleStore,
  StagedZip,
  StoredFile,
} from "../../domain/module-store.ts";
import { readableBytes } from "../../domain/same-bytes.ts";
import { type FileTransfer, StreamedFile } from "../../domain/streamed-file.ts";
import { takeSpooled, type ZipSpool } from "../../domain/zip-spool.ts";
import { atMongo, isDuplicate } from "./mongo-trouble.ts";
import {
  documentId,
  notesFor,
  timeOf,
  type VersionDocument,
  type VersionDocuments,
  zipName,
} from "./version-documents.ts";

const pieceBytes = 1 << 20;

/**
 * A zip is uploaded first, under an id of its own. Then the document is inserted, which shows info, mod and zip at once; its
 * `_id` is made of the version, so that of any number of writers one succeeds. The others remove what they uploaded.
 */
export class MongoModuleStore implements ModuleStore {
  readonly #documents: VersionDocuments;
  readonly #spool: ZipSpool;

  constructor(documents: VersionDocuments, spool: ZipSpool) {
    this.#documents = documents;
    this.#spool = spool;
  }

  open(module: ModuleVersion, kind: FileKind): Promise<StoredFile | undefined> {
    return atMongo(async () => {
      const found = await this.#documents.findWhole(module);
      if (found === undefined) return undefined;
      const { document, zip } = found;
      const modified = timeOf(zip);
      if (kind === "zip") return this.#zipFile(zip, modified);
      return {
        ...readableBytes(document[kind].value()),
        modified,
        [Symbol.asyncDispose]: () => Promise.resolve(),
      };
    });
  }

  versions(path: ModulePath): Promise<readonly Version[]> {
    return atMongo(async () => {
      const pathMajor = splitPathVersion(path)?.pathMajor ?? "";
      const whole = await this.#documents.whole(await this.#documents.documentsOf(path));
      const versions = whole
        .map(({ document }) => document.version)
        .filter((version) => isVersion(version))
        .filter((version) => matchesPathMajor(version, pathMajor));
      return [...new Set(versions)];
    });
  }

  stage(): Promise<StagedZip> {
    return this.#spool.stage();
  }

  async put(module: ModuleVersion, { info, mod, zip, sound }: ModuleFiles): Promise<void> {
    const taken = takeSpooled(zip);
    await sound;
    if (await atMongo(() => this.#place(module, info, mod, taken))) return;
    await requireSameFile(this, module, "mod", readableBytes(mod));
    await requireSameFile(this, module, "zip", taken);
  }

  async check(): Promise<void> {
    await atMongo(() => this.#documents.collection.findOne({}, { projection: { _id: 1 } }));
  }

  /** Says whether the version is there made of these files; it may be there made of others. */
  async #place(
    module: ModuleVersion,
    info: Uint8Array,
    mod: Uint8Array,
    zip: StagedZip,
  ): Promise<boolean> {
    if ((await this.#documents.findWhole(module)) !== undefined) return false;
    const uploaded = await this.#upload(module, zip);
    const files = { info: new Binary(info), mod: new Binary(mod), zip: uploaded };
    let isPlaced = false;
    try {
      while (!isPlaced) {
        const torn = await this.#documents.find(module);
        if (torn !== undefined && (await this.#documents.whole([torn])).length > 0) break;
        isPlaced = await this.#write(module, files, torn);
      }
      return isPlaced;
    } finally {
      if (!isPlaced) await this.#documents.bucket.delete(uploaded).catch(() => undefined);
    }
  }

  /** Says whether this writer was the first. */
  async #write(
    module: ModuleVersion,
    files: Required<Pick<VersionDocument, "info" | "mod" | "zip">>,
    torn: VersionDocument | undefined,
  ): Promise<boolean> {
    const { collection } = this.#documents;
    // Not replaced but removed: only an insertion is decided by every server between writers.
    if (torn !== undefined) await this.#documents.removeDocument(torn);
    try {
      const { path, version } = module;
      await collection.insertOne({ _id: documentId(module), module: path, version, ...files });
      return true;
    } catch (failure) {
      if (isDuplicate(failure)) return false;
      throw failure;
    }
  }

  async #upload(module: ModuleVersion, zip: StagedZip): Promise<ObjectId> {
    const name = zipName({ module: module.path, version: module.version });
    const metadata = notesFor(module, zip.started);
    const upload = this.#documents.bucket.openUploadStream(name, { metadata });
    await pipeline(Readable.from(piecesOf(zip)), upload);
    return upload.id;
  }

  #zipFile(zip: GridFSFile, modified: Date): StreamedFile {
    const begin = async (position: number): Promise<FileTransfer> => {
      const stream = this.#documents.bucket.openDownloadStream(zip._id, {
        start: position,
        end: zip.length,
      });
      // Whoever iterates hears of it; whoever has let go does not want to.
      stream.on("error", () => undefined);
      const pieces: AsyncIterator<Uint8Array> = stream[Symbol.asyncIterator]();
      return {
        pieces: { next: () => atMongo(() => pieces.next()) },
        end: async () => {
          stream.destroy();
        },
      };
    };
    return new StreamedFile({ size: zip.length, modified }, { begin });
  }
}

async function* piecesOf(zip: StagedZip): AsyncGenerator<Uint8Array> {
  for (let position = 0; position < zip.size; ) {
    const piece = Buffer.allocUnsafe(Math.min(pieceBytes, zip.size - position));
    const count = await zip.read(position, piece);
    yield piece.subarray(0, count);
    position += count;
  }
}
