// Athens' layout in MongoDB: a document for each version, and its zip in GridFS.
import { createHash } from "node:crypto";
import type { ModulePath, ModuleVersion } from "@stoa/gomod";
import {
  type Binary,
  type Collection,
  type Db,
  GridFSBucket,
  type GridFSFile,
  ObjectId,
} from "mongodb";

/** `zip` is Stoa's; without it the zip is the one of the right name. Athens overlooks it. */
export interface VersionDocument {
  readonly _id: ObjectId;
  readonly module: string;
  readonly version: string;
  readonly mod?: Binary;
  readonly info?: Binary;
  readonly zip?: ObjectId;
}

/** A whole version. */
export interface WholeDocument {
  readonly document: VersionDocument & { readonly mod: Binary; readonly info: Binary };
  readonly zip: GridFSFile;
}

/** What Stoa notes with a zip. */
interface ZipNotes {
  readonly module: string;
  readonly started: Date;
}

/** How many documents are asked for in one answer. */
const batchSize = 500;

/**
 * A document has `module`, `version`, `mod` and `info`; the zip is a file of GridFS's bucket `fs`. Names of files are
 * ambiguous (`a/b_c` and `a/b/c`), so Stoa's documents name the file by its id, and Stoa's files say whose they are.
 * Authority: gomods/athens, pkg/storage/mongo.
 */
export class VersionDocuments {
  readonly collection: Collection<VersionDocument>;
  readonly bucket: GridFSBucket;

  constructor(database: Db, collection: string) {
    this.collection = database.collection<VersionDocument>(collection);
    this.bucket = new GridFSBucket(database);
  }

  /** Makes the index that Athens makes, and one to list by. */
  async makeIndexes(): Promise<void> {
    const unique = { unique: true, sparse: true };
    await this.collection.createIndex({ base_url: 1, module: 1, version: 1 }, unique);
    await this.collection.createIndex({ module: 1, version: 1 });
  }

  /** The document of a version, whole or not. */
  async find({ path, version }: ModuleVersion): Promise<VersionDocument | undefined> {
    return (await this.collection.findOne({ module: path, version })) ?? undefined;
  }

  async findWhole(module: ModuleVersion): Promise<WholeDocument | undefined> {
    const document = await this.find(module);
    return document && (await this.whole([document]))[0];
  }

  documentsOf(path: ModulePath): Promise<readonly VersionDocument[]> {
    return this.collection.find({ module: path }).toArray();
  }

  /** Up to `batchSize` documents behind a version, in the order of path and version. */
  following({ path, version }: ModuleVersion): Promise<readonly VersionDocument[]> {
    const behind = {
      $or: [{ module: { $gt: path } }, { module: path, version: { $gt: version } }],
    };
    return this.collection.find(behind).sort({ module: 1, version: 1 }).limit(batchSize).toArray();
  }

  /** Those that are whole: with an info, a mod and a zip, of which info and zip are not empty. */
  async whole(documents: readonly VersionDocument[]): Promise<readonly WholeDocument[]> {
    const names = documents.map(zipName);
    const files = await this.bucket.find({ filename: { $in: names } }).toArray();
    return documents.flatMap((document) => {
      const { mod, info } = document;
      const zip = zipOf(document, files);
      if (mod === undefined || info === undefined || info.length() === 0) return [];
      return zip === undefined || zip.length === 0
        ? []
        : [{ document: { ...document, mod, info }, zip }];
    });
  }

  /** Removes one document, unless it is another by now; says whether this is who removed it. */
  async removeDocument({ _id, zip }: VersionDocument): Promise<boolean> {
    const removed = await this.collection.deleteOne({ _id, zip: zip ?? { $exists: false } });
    return removed.deletedCount === 1;
  }

  /** Removes the documents of a version, and then the zips that nobody else needs. What is not there is no failure. */
  async remove(
    module: ModuleVersion,
    isNeeded: (zip: ObjectId) => Promise<boolean>,
  ): Promise<void> {
    const { path, version } = module;
    await this.collection.deleteMany({ module: path, version });
    const filename = zipName({ module: path, version });
    for (const { _id } of await this.bucket.find({ filename }).toArray()) {
      await this.removeZip(module, _id, isNeeded);
    }
  }

  /** Removes a zip of a version, unless a document has it or may read it by its name, or somebody else needs it. */
  async removeZip(
    { path, version }: ModuleVersion,
    zip: ObjectId,
    isNeeded: (zip: ObjectId) => Promise<boolean>,
  ): Promise<void> {
    const [file] = await this.bucket.find({ _id: zip }).toArray();
    if (file === undefined) return;
    const owner: unknown = file.metadata?.["module"];
    if (owner !== undefined && owner !== path) return;
    const alike = { version, module: { $regex: `^${pathsOfName(path)}$` } };
    const documents = await this.collection.find(alike).toArray();
    const isRead = (document: VersionDocument): boolean =>
      document.zip === undefined ? owner === undefined : document.zip.equals(zip);
    if (documents.some(isRead) || (await isNeeded(zip))) return;
    await this.bucket.delete(zip);
  }
}

/** A pattern of all paths that make the same name of a zip. */
function pathsOfName(path: ModulePath): string {
  return path
    .split(/[/_]/)
    .map((part) => part.replace(/[^A-Za-z0-9]/g, "\\$&"))
    .join("[/_]");
}

/** The same for everybody who writes this version, so that one of them is the first. */
export function documentId({ path, version }: ModuleVersion): ObjectId {
  return new ObjectId(createHash("sha256").update(`${path}@${version}`).digest().subarray(0, 12));
}

/** The name of a zip: the path with `_` for `/`, `_`, the version, `.zip`. */
export function zipName({ module, version }: Pick<VersionDocument, "module" | "version">): string {
  return `${module.replaceAll("/", "_")}_${version}.zip`;
}

export function notesFor({ path }: ModuleVersion, started: Date): ZipNotes {
  return { module: path, started };
}

/** When the zip began to arrive, or was there if nobody noted that. */
export function timeOf({ metadata, uploadDate }: GridFSFile): Date {
  const started: unknown = metadata?.["started"];
  return started instanceof Date ? started : uploadDate;
}

/** The zip that the document names, or else the newest of its name that Athens has uploaded. */
function zipOf(document: VersionDocument, files: readonly GridFSFile[]): GridFSFile | undefined {
  const { zip } = document;
  if (zip !== undefined) return files.find(({ _id }) => zip.equals(_id));
  return files
    .filter(({ filename }) => filename === zipName(document))
    .filter(({ metadata }) => metadata?.["module"] === undefined)
    .toSorted((a, b) => b.uploadDate.getTime() - a.uploadDate.getTime())[0];
}
