// The store in MongoDB keeps every contract: at FerretDB, or at the server that STOA_TEST_MONGO_URL names.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { ModuleVersion } from "@stoa/gomod";
import { Binary, GridFSBucket, MongoClient } from "mongodb";
import { looseFilesContract } from "../../testing/loose-files-contract.ts";
import {
  type FileBytes,
  filesOf,
  keptFiles,
  moduleStoreContract,
  moduleVersion,
  putFiles,
} from "../../testing/module-store-contract.ts";
import {
  type MongoServer,
  mongoServerIsMissing,
  startMongoServer,
} from "../../testing/mongo-server.ts";
import { storeRemovalContract } from "../../testing/store-removal-contract.ts";
import { versionCatalogContract } from "../../testing/version-catalog-contract.ts";
import { versionTrashContract } from "../../testing/version-trash-contract.ts";
import { openZipSpool } from "../disk-module-store/zip-spool.ts";
import { openMongoModuleStore } from "./open-mongo-module-store.ts";

describe("openMongoModuleStore at a real server", { skip: mongoServerIsMissing() }, () => {
  let server: MongoServer;
  let client: MongoClient;
  let folder: string;
  before(async () => {
    server = await startMongoServer();
    client = await new MongoClient(server.url).connect();
    folder = await mkdtemp(join(tmpdir(), "stoa-spool-"));
  });
  const opened: AsyncDisposable[] = [];
  after(async () => {
    for (const door of opened) await door[Symbol.asyncDispose]();
    await client.close();
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const make = async () => {
    const database = `stoa_test_${randomBytes(6).toString("hex")}`;
    const settings = { url: server.url, database, collection: "modules", isInsecure: false };
    const spool = await openZipSpool(folder);
    const here = await openMongoModuleStore(settings, spool);
    const there = await openMongoModuleStore(settings, spool);
    opened.push(here, there);
    return {
      ...here,
      other: there.store,
      otherDoors: there,
      otherLoose: there.loose,
      database: client.db(database),
      tear: (module: ModuleVersion, pieces: Partial<FileBytes>) =>
        writeAsAthens(client, database, module, pieces),
      async cleanUp() {
        await client.db(database).dropDatabase();
      },
    };
  };
  moduleStoreContract("openMongoModuleStore", make);
  looseFilesContract("openMongoModuleStore", async () => {
    const { loose, otherLoose, cleanUp } = await make();
    return { loose, other: otherLoose, cleanUp };
  });
  versionCatalogContract("openMongoModuleStore", make);
  storeRemovalContract("openMongoModuleStore", make);
  versionTrashContract("openMongoModuleStore", async () => {
    const { store, trash, otherDoors, cleanUp } = await make();
    return { store, trash, other: otherDoors, isRemovedSoftly: false, cleanUp };
  });

  test("what is in the trash keeps its zip, whatever else is removed, until it is purged", async () => {
    const { store, trash, removal, database, cleanUp } = await make();
    const module = moduleVersion("a.b/c", "v1.0.0");
    const zips = () => database.collection("fs.files").countDocuments();
    await putFiles(store, module, filesOf("x"));
    await trash.discard(module, { isRefetchable: true });
    await putFiles(store, module, filesOf("y"));
    await removal.remove(module);
    assert.equal(await zips(), 1);
    const [one] = await Array.fromAsync(trash.all());
    assert.ok(one !== undefined);
    assert.equal(await trash.restore(one.id), "restored");
    assert.deepEqual(await keptFiles(store, module), filesOf("x"));
    await trash.discard(module, { isRefetchable: true });
    for await (const { id } of trash.all()) await trash.purge(id);
    assert.equal(await zips(), 0);
    await cleanUp();
  });

  test("what Athens has kept can be had back, and what Athens keeps meanwhile is not disturbed", async () => {
    const { store, trash, tear, database, cleanUp } = await make();
    const module = moduleVersion("a.b/c", "v1.0.0");
    await tear(module, filesOf("x"));
    await trash.discard(module, { isRefetchable: false });
    assert.equal(await database.collection("modules").countDocuments(), 0);
    const [first] = await Array.fromAsync(trash.all());
    assert.ok(first !== undefined);
    assert.equal(await trash.restore(first.id), "restored");
    assert.deepEqual(await keptFiles(store, module), filesOf("x"));
    await trash.discard(module, { isRefetchable: false });
    await tear(module, filesOf("y"));
    assert.deepEqual(await keptFiles(store, module), filesOf("y"));
    for await (const { id } of trash.all()) await trash.purge(id);
    assert.deepEqual(await keptFiles(store, module), filesOf("y"));
    await cleanUp();
  });

  test("a zip that Athens has kept goes with its version, but for one whose name two versions share", async () => {
    const { removal, tear, database, cleanUp } = await make();
    const [one, two] = [moduleVersion("a.b/c_d", "v1.0.0"), moduleVersion("a.b/c/d", "v1.0.0")];
    await tear(one, filesOf("one"));
    await tear(two, filesOf("two"));
    const zips = () => database.collection("fs.files").countDocuments();
    await removal.remove(one);
    assert.equal(await zips(), 2);
    await removal.remove(two);
    assert.equal(await zips(), 0);
    await cleanUp();
  });

  test("what Athens has kept is found, and names that Athens confuses are not confused", async () => {
    const { store, tear, cleanUp } = await make();
    const module = moduleVersion("a.b/c", "v1.0.0");
    await tear(module, filesOf("x"));
    assert.deepEqual(await keptFiles(store, module), filesOf("x"));
    const [one, two] = [moduleVersion("a.b/c_d", "v1.0.0"), moduleVersion("a.b/c/d", "v1.0.0")];
    await putFiles(store, one, filesOf("one"));
    await putFiles(store, two, filesOf("two"));
    assert.deepEqual(await keptFiles(store, one), filesOf("one"));
    assert.deepEqual(await keptFiles(store, two), filesOf("two"));
    await cleanUp();
  });

  test("of many writers only one zip stays", async () => {
    const { store, database, cleanUp } = await make();
    const module = moduleVersion("a.b/c", "v1.0.0");
    await Promise.all(Array.from({ length: 5 }, () => putFiles(store, module, filesOf("x"))));
    assert.equal(await database.collection("fs.files").countDocuments(), 1);
    const kept = await database.collection("modules").findOne({ module: "a.b/c" });
    assert.deepEqual(Object.keys(kept ?? {}).toSorted(), [
      "_id",
      "info",
      "mod",
      "module",
      "version",
      "zip",
    ]);
    await cleanUp();
  });

  test("a withdrawn version is absent, kept aside, and may come again", async () => {
    const { store, inspection, cleanUp } = await make();
    const module = moduleVersion("a.b/c", "v1.0.0");
    await putFiles(store, module, filesOf("x"));
    assert.match(await inspection.withdraw(module), /^stoa_quarantine\//);
    assert.equal(await store.open(module, "info"), undefined);
    await putFiles(store, module, filesOf("y"));
    assert.deepEqual(await keptFiles(store, module), filesOf("y"));
    await using zip = await inspection.zip(module);
    assert.equal(zip?.place.kind, "file");
    await cleanUp();
  });

  test("a server that is not there is a sentence without the password", async () => {
    const url = "mongodb://me:hunter2@127.0.0.1:9/";
    const settings = { url, database: "athens", collection: "modules", isInsecure: false };
    await assert.rejects(openMongoModuleStore(settings, await openZipSpool(folder)), (failure) => {
      assert.ok(failure instanceof Error);
      assert.match(failure.message, /^MongoDB: .*127\.0\.0\.1:9/);
      assert.doesNotMatch(failure.message, /hunter2/);
      return true;
    });
  });
});

/** Writes what there is of a version as Athens does: the zip, then the document. */
async function writeAsAthens(
  client: MongoClient,
  database: string,
  { path, version }: ModuleVersion,
  { info, mod, zip }: Partial<FileBytes>,
): Promise<void> {
  const db = client.db(database);
  if (zip !== undefined) {
    const name = `${path.replaceAll("/", "_")}_${version}.zip`;
    const upload = new GridFSBucket(db).openUploadStream(name);
    await new Promise<void>((resolve, reject) => {
      upload.once("finish", resolve).once("error", reject);
      upload.end(Buffer.from(zip));
    });
  }
  if (info === undefined && mod === undefined) return;
  await db.collection("modules").insertOne({
    module: path,
    version,
    ...(mod && { mod: new Binary(mod) }),
    ...(info && { info: new Binary(info) }),
  });
}
