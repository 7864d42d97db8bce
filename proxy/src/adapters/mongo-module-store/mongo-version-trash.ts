// Versions that were set aside in MongoDB, and how they come back.
import { randomBytes } from "node:crypto";
import type { ModuleVersion } from "@stoa/gomod";
import { Binary, type Collection, type Db, type ObjectId } from "mongodb";
import { parseTrashNote, trashNoteText } from "../../domain/trash-note.ts";
import type {
  RestoreOutcome,
  TrashedVersion,
  TrashNote,
  VersionTrash,
} from "../../domain/version-trash.ts";
import type { MongoLooseFiles } from "./mongo-loose-files.ts";
import { atMongo, isDuplicate } from "./mongo-trouble.ts";
import { documentId, type VersionDocument, type VersionDocuments } from "./version-documents.ts";

/** A version that was set aside: its document, the loose files that it had, and a note. */
interface TrashDocument {
  /** `<milliseconds since 1970>-<random>`. */
  readonly _id: string;
  readonly note: string;
  readonly bytes: number;
  readonly info?: Binary;
  readonly mod?: Binary;
  readonly zip?: ObjectId;
  readonly looseInfo?: Binary;
  readonly looseMod?: Binary;
}

/**
 * Documents go into the collection `stoa_trash`; zips stay in GridFS where they are, under the names that they have, which
 * Athens asks for only when it has a document.
 *
 *     whole ── copy of the document ──▶ document removed ──▶ absent
 *
 * A zip may be named by a document and by several that were set aside: it goes with the last of them. What a crash leaves
 * before the document is removed is a copy too many, which is purged with the others.
 */
export class MongoVersionTrash implements VersionTrash {
  readonly #trash: Collection<TrashDocument>;
  readonly #documents: VersionDocuments;
  readonly #loose: MongoLooseFiles;

  constructor(database: Db, documents: VersionDocuments, loose: MongoLooseFiles) {
    this.#trash = database.collection<TrashDocument>("stoa_trash");
    this.#documents = documents;
    this.#loose = loose;
  }

  async discard(module: ModuleVersion, note: TrashNote): Promise<void> {
    const [looseInfo, looseMod] = await Promise.all([
      this.#loose.read(module, "info"),
      this.#loose.read(module, "mod"),
    ]);
    await atMongo(async () => {
      const document = await this.#documents.find(module);
      if (document === undefined && looseInfo === undefined && looseMod === undefined) return;
      const _id = `${Date.now()}-${randomBytes(6).toString("hex")}`;
      await this.#trash.insertOne({
        _id,
        note: trashNoteText(module, note),
        ...(await this.#filesOf(document)),
        ...(looseInfo && { looseInfo: new Binary(looseInfo) }),
        ...(looseMod && { looseMod: new Binary(looseMod) }),
      });
      if (document !== undefined && !(await this.#documents.removeDocument(document))) {
        await this.#trash.deleteOne({ _id }); // somebody else has removed it
      }
    });
    await this.#loose.remove(module);
  }

  async *all(): AsyncGenerator<TrashedVersion> {
    const projection = { note: 1, bytes: 1 } as const;
    const found = this.#trash.find({}, { projection, sort: { _id: 1 } });
    try {
      for (;;) {
        const next = await atMongo(() => found.next());
        if (next === null) return;
        const { _id: id, bytes } = next;
        const read = parseTrashNote(next.note);
        const at = new Date(Number.parseInt(id, 10));
        if (read !== undefined) yield { id, module: read.module, at, bytes, ...read.note };
      }
    } finally {
      await found.close();
    }
  }

  async restore(id: string): Promise<RestoreOutcome> {
    const found = await atMongo(() => this.#trash.findOne({ _id: id }));
    const module = found === null ? undefined : parseTrashNote(found.note)?.module;
    if (found === null || module === undefined) return "torn";
    const { info, mod, zip } = found;
    if (info !== undefined && mod !== undefined && zip !== undefined) {
      return await atMongo(() => this.#bringBack(module, { info, mod, zip }, id));
    }
    const isTorn = info !== undefined || mod !== undefined || zip !== undefined;
    return isTorn || !(await this.#bringBackLoose(module, found)) ? "torn" : "restored";
  }

  purge(id: string): Promise<void> {
    return atMongo(async () => {
      const found = await this.#trash.findOne({ _id: id });
      const module = found === null ? undefined : parseTrashNote(found.note)?.module;
      if (found === null || !(await this.#take(id))) return;
      if (module === undefined || found.zip === undefined) return;
      await this.#documents.removeZip(module, found.zip, (zip) => this.needs(zip));
    });
  }

  /** Whether something that was set aside has this zip. */
  async needs(zip: ObjectId): Promise<boolean> {
    return (await this.#trash.findOne({ zip }, { projection: { _id: 1 } })) !== null;
  }

  /** What there is of a version, and how much. */
  async #filesOf(
    document: VersionDocument | undefined,
  ): Promise<Pick<TrashDocument, "bytes" | "info" | "mod" | "zip">> {
    if (document === undefined) return { bytes: 0 };
    const { info, mod } = document;
    const [whole] = await this.#documents.whole([document]);
    const bytes = (info?.length() ?? 0) + (mod?.length() ?? 0) + (whole?.zip.length ?? 0);
    return {
      bytes,
      ...(info && { info }),
      ...(mod && { mod }),
      ...(whole && { zip: whole.zip._id }),
    };
  }

  /** Of two who bring back, or of one who purges meanwhile, one takes the entry; the document of the other goes again. */
  async #bringBack(
    module: ModuleVersion,
    files: Required<Pick<TrashDocument, "info" | "mod" | "zip">>,
    id: string,
  ): Promise<RestoreOutcome> {
    const { collection } = this.#documents;
    if ((await this.#documents.findWhole(module)) !== undefined) return "occupied";
    const torn = await this.#documents.find(module);
    if (torn !== undefined) await this.#documents.removeDocument(torn);
    const { path, version } = module;
    const document = { _id: documentId(module), module: path, version, ...files };
    try {
      await collection.insertOne(document);
    } catch (failure) {
      if (isDuplicate(failure)) return "occupied";
      throw failure;
    }
    const isWhole = (await this.#documents.findWhole(module)) !== undefined;
    if (isWhole && (await this.#take(id))) return "restored";
    await this.#documents.removeDocument(document);
    return "torn";
  }

  async #bringBackLoose(module: ModuleVersion, found: TrashDocument): Promise<boolean> {
    if (!(await atMongo(() => this.#take(found._id)))) return false;
    const { looseInfo, looseMod } = found;
    if (looseInfo !== undefined) await this.#loose.write(module, "info", looseInfo.value());
    if (looseMod !== undefined) await this.#loose.write(module, "mod", looseMod.value());
    return looseInfo !== undefined || looseMod !== undefined;
  }

  /** Says whether this is who removed it. */
  async #take(id: string): Promise<boolean> {
    return (await this.#trash.deleteOne({ _id: id })).deletedCount === 1;
  }
}
