// How a MongoDB storage is opened: its parts, put together.
import { MongoClient } from "mongodb";
import type { InstanceMarks } from "../../domain/instance-marks.ts";
import type { LooseFiles } from "../../domain/loose-files.ts";
import type { ModuleStore } from "../../domain/module-store.ts";
import type { StoreInspection } from "../../domain/store-inspection.ts";
import type { StoreRemoval } from "../../domain/store-removal.ts";
import type { VersionCatalog } from "../../domain/version-catalog.ts";
import type { VersionTrash } from "../../domain/version-trash.ts";
import type { ZipSpool } from "../../domain/zip-spool.ts";
import { MongoCatalog } from "./mongo-catalog.ts";
import { MongoInstanceMarks } from "./mongo-instance-marks.ts";
import { MongoLooseFiles } from "./mongo-loose-files.ts";
import { MongoModuleStore } from "./mongo-module-store.ts";
import type { MongoSettings } from "./mongo-settings.ts";
import { MongoStoreInspection } from "./mongo-store-inspection.ts";
import { MongoStoreRemoval } from "./mongo-store-removal.ts";
import { mongoStorageTrouble } from "./mongo-trouble.ts";
import { MongoVersionTrash } from "./mongo-version-trash.ts";
import { VersionDocuments } from "./version-documents.ts";

/** What is kept in a database; disposing of it closes the connections. */
export interface OpenedMongoStore extends AsyncDisposable {
  readonly store: ModuleStore;
  readonly loose: LooseFiles;
  readonly catalog: VersionCatalog;
  readonly inspection: StoreInspection;
  readonly removal: StoreRemoval;
  readonly trash: VersionTrash;
  readonly marks: InstanceMarks;
}

/** A server that is not there is given up so fast. */
const patienceMs = 5_000;

/** Rejects with `StorageTrouble` if the database cannot be reached or written. */
export async function openMongoModuleStore(
  settings: MongoSettings,
  spool: ZipSpool,
): Promise<OpenedMongoStore> {
  let client: MongoClient | undefined;
  try {
    client = new MongoClient(settings.url, {
      serverSelectionTimeoutMS: patienceMs,
      socketTimeoutMS: 60_000,
      ...(settings.caFile === undefined ? {} : { tls: true, tlsCAFile: settings.caFile }),
      ...(settings.isInsecure ? { tlsInsecure: true } : {}),
    });
    const opened = client;
    const database = opened.db(settings.database);
    const documents = new VersionDocuments(database, settings.collection);
    await documents.makeIndexes();
    const catalog = new MongoCatalog(documents);
    const loose = new MongoLooseFiles(database);
    const trash = new MongoVersionTrash(database, documents, loose);
    return {
      store: new MongoModuleStore(documents, spool),
      loose,
      catalog,
      marks: new MongoInstanceMarks(database),
      inspection: new MongoStoreInspection(database, { documents, catalog, spool }),
      removal: new MongoStoreRemoval(documents, loose, trash),
      trash,
      [Symbol.asyncDispose]: () => opened.close(),
    };
  } catch (failure) {
    await client?.close();
    throw mongoStorageTrouble(failure);
  }
}
