// Looking through a storage in MongoDB.
import type { ModuleVersion } from "@stoa/gomod";
import type { Collection, Db } from "mongodb";
import type { StoreInspection, ZipAtHand } from "../../domain/store-inspection.ts";
import type { ZipSpool } from "../../domain/zip-spool.ts";
import type { MongoCatalog } from "./mongo-catalog.ts";
import { atMongo } from "./mongo-trouble.ts";
import type { VersionDocument, VersionDocuments } from "./version-documents.ts";

/** Withdrawn documents lie in the collection `stoa_quarantine`; their zips stay where they are. */
export class MongoStoreInspection implements StoreInspection {
  readonly #documents: VersionDocuments;
  readonly #catalog: MongoCatalog;
  readonly #spool: ZipSpool;
  readonly #quarantine: Collection;

  constructor(
    database: Db,
    parts: {
      readonly documents: VersionDocuments;
      readonly catalog: MongoCatalog;
      readonly spool: ZipSpool;
    },
  ) {
    this.#documents = parts.documents;
    this.#catalog = parts.catalog;
    this.#spool = parts.spool;
    this.#quarantine = database.collection("stoa_quarantine");
  }

  async *versions(): AsyncGenerator<ModuleVersion> {
    const versions = this.#catalog.versions();
    for (;;) {
      const next = await atMongo(() => versions.next());
      if (next.done === true) return;
      yield next.value;
    }
  }

  zip(module: ModuleVersion): Promise<ZipAtHand | undefined> {
    return atMongo(async () => {
      const found = await this.#documents.findWhole(module);
      if (found === undefined) return undefined;
      const staged = await this.#spool.stage();
      try {
        const pieces = this.#documents.bucket.openDownloadStream(found.zip._id);
        for await (const piece of pieces) await staged.append(piece as Uint8Array);
        await staged.end();
        return staged;
      } catch (failure) {
        await staged[Symbol.asyncDispose]();
        throw failure;
      }
    });
  }

  withdraw(module: ModuleVersion): Promise<string> {
    return atMongo(async () => {
      const { collectionName } = this.#quarantine;
      const found = await this.#documents.findWhole(module);
      if (found === undefined) return collectionName;
      const { _id, ...files }: VersionDocument = found.document;
      const { insertedId } = await this.#quarantine.insertOne({ ...files, zip: found.zip._id });
      await this.#documents.collection.deleteOne({ _id });
      return `${collectionName}/${insertedId.toString()}`;
    });
  }
}
