// The disk driver: the contract, and what is particular to a disk in Athens' layout.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rename, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { beforeEach, describe, type TestContext, test } from "node:test";
import type { ModuleVersion } from "@stoa/gomod";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import { looseFilesContract } from "../../testing/loose-files-contract.ts";
import {
  assertAbsent,
  type FileBytes,
  filesOf,
  keptFiles,
  moduleStoreContract,
  moduleVersion,
  putFiles,
  stageZip,
} from "../../testing/module-store-contract.ts";
import { storeRemovalContract } from "../../testing/store-removal-contract.ts";
import { IncomingFolder } from "./incoming-folder.ts";
import { MendLock } from "./mend-lock.ts";
import { openDiskModuleStore } from "./open-disk-module-store.ts";
import { ProcessMark } from "./process-mark.ts";
import { StorageRoot } from "./storage-root.ts";
import { fileName, versionFolder } from "./version-folder.ts";

moduleStoreContract("openDiskModuleStore", async () => {
  const root = await mkdtemp(join(tmpdir(), "stoa-disk-"));
  const { store } = await openDiskModuleStore({ root });
  const { store: other } = await openDiskModuleStore({ root });
  return {
    store,
    other,
    tear: (module, pieces) => leaveFiles(root, module, pieces),
    cleanUp: () => rm(root, { recursive: true, force: true }),
  };
});

looseFilesContract("openDiskModuleStore", async () => {
  const root = await mkdtemp(join(tmpdir(), "stoa-disk-"));
  const { loose } = await openDiskModuleStore({ root });
  const { loose: other } = await openDiskModuleStore({ root });
  return { loose, other, cleanUp: () => rm(root, { recursive: true, force: true }) };
});

storeRemovalContract("openDiskModuleStore", async () => {
  const root = await mkdtemp(join(tmpdir(), "stoa-disk-"));
  const { store: other } = await openDiskModuleStore({ root });
  return {
    ...(await openDiskModuleStore({ root })),
    other,
    tear: (module, pieces) => leaveFiles(root, module, pieces),
    cleanUp: () => rm(root, { recursive: true, force: true }),
  };
});

describe("the disk store", () => {
  const module = moduleVersion("github.com/Azure/go", "v1.0.0");
  let root: string;
  let folder: string;

  beforeEach(async (context) => {
    root = await mkdtemp(join(tmpdir(), "stoa-disk-"));
    folder = versionFolder(root, module);
    (context as TestContext).after(() => rm(root, { recursive: true, force: true }));
  });

  test("lays versions out as Athens does, and nothing beside them", async () => {
    const { store } = await openDiskModuleStore({ root });
    await putFiles(store, module, filesOf("x"));
    await putFiles(store, module, filesOf("x"));
    await putFiles(store, moduleVersion("example.com/b", "v2.0.0+incompatible"), filesOf("y"));
    await assert.rejects(putFiles(store, module, filesOf("y")));
    assert.deepEqual(await filesBelow(root), [
      "example.com/b/v2.0.0+incompatible/go.mod",
      "example.com/b/v2.0.0+incompatible/source.zip",
      "example.com/b/v2.0.0+incompatible/v2.0.0+incompatible.info",
      "github.com/Azure/go/v1.0.0/go.mod",
      "github.com/Azure/go/v1.0.0/source.zip",
      "github.com/Azure/go/v1.0.0/v1.0.0.info",
    ]);
    assert.deepEqual((await readdir(root)).toSorted(), [".stoa", "example.com", "github.com"]);
  });

  test("has no name ending in .info outside the versions' folders", async () => {
    const { loose } = await openDiskModuleStore({ root });
    for (const version of ["v1.0.0", "v1.0.0-a.info"]) {
      await loose.write(moduleVersion("example.com/a", version), "info", filesOf("x").info);
      await loose.write(moduleVersion("example.com/a", version), "mod", filesOf("x").mod);
    }
    const files = await filesBelow(root);
    assert.equal(files.length, 4);
    assert.deepEqual(
      files.filter((file) => !file.startsWith(".stoa/loose/")),
      [],
    );
    assert.deepEqual(
      files.filter((file) => file.endsWith(".info")),
      [],
    );
  });

  test("finds what Athens has kept, and takes no other name for a version", async () => {
    await leaveFiles(root, module, filesOf("x"));
    const { store } = await openDiskModuleStore({ root });
    for (const name of ["v1", "v1.1", "v1.1.0+meta", "latest", "v3.0.0", ".DS_Store"]) {
      await mkdir(join(dirname(folder), name));
      await writeFile(join(dirname(folder), name, "go.mod"), "");
      await writeFile(join(dirname(folder), name, "source.zip"), "");
      await writeFile(join(dirname(folder), name, `${name}.info`), "");
    }
    await writeFile(join(dirname(folder), "v1.2.0"), "");
    assert.deepEqual(await store.versions(module.path), ["v1.0.0"]);
    assert.deepEqual(await keptFiles(store, module), filesOf("x"));
    await assertAbsent(store, moduleVersion(module.path, "v1.2.0"));
  });

  test("shows a version no more when its folder was removed, and keeps it anew", async () => {
    const { store } = await openDiskModuleStore({ root });
    await putFiles(store, module, filesOf("x"));
    await keptFiles(store, module);
    await rm(folder, { recursive: true });
    await assertAbsent(store, module);
    await putFiles(store, module, filesOf("y"));
    assert.deepEqual(await keptFiles(store, module), filesOf("y"));
    await rm(dirname(dirname(folder)), { recursive: true });
    await assertAbsent(store, module);
    await putFiles(store, module, filesOf("z"));
    assert.deepEqual(await keptFiles(store, module), filesOf("z"));
  });

  test("reads on in a file that is open while its folder is removed", async () => {
    const { store } = await openDiskModuleStore({ root });
    await putFiles(store, module, filesOf("x"));
    await using zip = await store.open(module, "zip");
    await rm(folder, { recursive: true });
    const into = new Uint8Array(zip!.size);
    await zip!.read(0, into);
    assert.deepEqual(into, filesOf("x").zip);
  });

  test("waits with closing a file for the reads under way", async () => {
    const { store } = await openDiskModuleStore({ root });
    await putFiles(store, module, filesOf("x"));
    const zip = (await store.open(module, "zip"))!;
    const into = new Uint8Array(zip.size);
    const reading = zip.read(0, into);
    await zip[Symbol.asyncDispose]();
    assert.equal(await reading, zip.size);
    assert.deepEqual(into, filesOf("x").zip);
    await assert.rejects(zip.read(0, into), Error);
  });

  for (const wrote of [
    ["source.zip"],
    ["source.zip", "go.mod"],
    ["source.zip", "go.mod", "info"],
    ["source.zip", "go.mod", "v1.0.0.info"],
  ]) {
    test(`shows nothing of a put that died after writing ${wrote.join(", ")}`, async () => {
      await openDiskModuleStore({ root });
      const left = join(
        root,
        ".stoa",
        "incoming",
        `${await markOfADeadProcess(root)}+0123456789ab`,
      );
      await mkdir(left);
      for (const name of wrote) await writeFile(join(left, name), "bytes");
      const { store } = await openDiskModuleStore({ root });
      await assertAbsent(store, module);
      assert.deepEqual(await filesBelow(root), []);
      await putFiles(store, module, filesOf("x"));
      assert.deepEqual(await keptFiles(store, module), filesOf("x"));
    });
  }

  test("removes at its start what the dead left, and nothing of the living", async () => {
    const { store } = await openDiskModuleStore({ root });
    await using staged = await stageZip(store, filesOf("x").zip);
    const incoming = join(root, ".stoa", "incoming");
    const [own = ""] = await readdir(incoming);
    const dead = await markOfADeadProcess(root);
    const now = Date.now() / 1000;
    for (const [name, ageSeconds] of [
      [`${dead}+00`, 0],
      ["000000000000-1-1+young", 60],
      ["000000000000-1-1+old", 7 * 3600],
    ] as const) {
      await writeFile(join(incoming, name), "");
      await utimes(join(incoming, name), now - ageSeconds, now - ageSeconds);
    }
    await openDiskModuleStore({ root });
    assert.deepEqual(new Set(await readdir(incoming)), new Set(["000000000000-1-1+young", own]));
    await store.put(module, { ...filesOf("x"), zip: staged });
    assert.deepEqual(await keptFiles(store, module), filesOf("x"));
  });

  test("repairs a version whose repair died with its lock", async () => {
    const { store } = await openDiskModuleStore({ root });
    const mending = join(root, ".stoa", "mending");
    const taken = await nameOfTheLock(root, module);
    await leaveFiles(root, module, { mod: filesOf("y").mod });
    await writeFile(join(mending, taken), `${await markOfADeadProcess(root)}+0123456789ab`);
    await putFiles(store, module, filesOf("x"));
    assert.deepEqual(await keptFiles(store, module), filesOf("x"));
    assert.deepEqual(await readdir(mending), []);
  });

  test("leaves files of other modules alone that lie in a torn version's folder", async () => {
    const { store } = await openDiskModuleStore({ root });
    const inside = moduleVersion("github.com/Azure/go/v1.0.0/sub", "v0.1.0");
    await putFiles(store, inside, filesOf("inside"));
    await leaveFiles(root, module, { info: filesOf("x").info, zip: filesOf("y").zip });
    await putFiles(store, module, filesOf("x"));
    assert.deepEqual(await keptFiles(store, module), filesOf("x"));
    assert.deepEqual(await keptFiles(store, inside), filesOf("inside"));
  });

  test("says so when something else stands where a version should", async () => {
    const { store } = await openDiskModuleStore({ root });
    await mkdir(dirname(folder), { recursive: true });
    await writeFile(folder, "a file");
    await assert.rejects(putFiles(store, module, filesOf("x")), isUnavailable(/ENOTDIR/));
    await assertAbsent(store, module);
    await rm(folder);
    await mkdir(join(folder, "source.zip"), { recursive: true });
    await assert.rejects(putFiles(store, module, filesOf("x")), isUnavailable(/a folder is where/));
    await assertAbsent(store, module);
  });

  test("takes no name that the file system cannot hold for kept", async () => {
    const { store, loose } = await openDiskModuleStore({ root });
    const long = moduleVersion(`example.com/${"a".repeat(300)}`, "v1.0.0");
    await assertAbsent(store, long);
    assert.equal(await loose.read(long, "mod"), undefined);
    await assert.rejects(putFiles(store, long, filesOf("x")), isUnavailable(/name as long/));
    await assert.rejects(loose.write(long, "mod", filesOf("x").mod), isUnavailable(/name as long/));
    assert.deepEqual(await filesBelow(root), []);
  });

  test("is unavailable when its folder has vanished, and does not make it anew", async () => {
    const { store, loose } = await openDiskModuleStore({ root });
    await putFiles(store, module, filesOf("x"));
    await using staged = await stageZip(store, filesOf("y").zip);
    await rename(root, `${root}-away`);
    const gone = isUnavailable(/is gone/);
    const next = moduleVersion("example.com/a", "v1.0.0");
    await assert.rejects(store.open(module, "info"), gone);
    await assert.rejects(store.open(next, "zip"), gone);
    await assert.rejects(store.versions(module.path), gone);
    await assert.rejects(store.stage(), gone);
    await assert.rejects(store.put(next, { ...filesOf("y"), zip: staged }), gone);
    await assert.rejects(store.check(), gone);
    await assert.rejects(loose.read(next, "mod"), gone);
    await assert.rejects(loose.write(next, "mod", filesOf("y").mod), gone);
    await assert.rejects(loose.remove(next), gone);
    await assert.rejects(readdir(root), /ENOENT/);

    await rename(`${root}-away`, root);
    assert.deepEqual(await keptFiles(store, module), filesOf("x"));
    await assertAbsent(store, next);
    await store.check();
    await putFiles(store, next, filesOf("y"));
  });

  test("makes its folder if it is missing, and refuses one that cannot be", async () => {
    const deep = join(root, "not", "yet");
    const { store } = await openDiskModuleStore({ root: deep });
    await store.check();
    const file = join(root, "file");
    await writeFile(file, "");
    await assert.rejects(openDiskModuleStore({ root: file }), /a file is in its way/);
    await assert.rejects(
      openDiskModuleStore({ root: join(file, "below") }),
      /a file is in its way/,
    );
    await assert.rejects(
      openDiskModuleStore({ root: "/proc/stoa/below" }),
      /\/proc\/stoa\/below cannot be a storage folder: no folder can be made there/,
    );
  });

  test("gives every descriptor back", { skip: noProc() }, async () => {
    const { store, loose } = await openDiskModuleStore({ root });
    const other = moduleVersion("example.com/a", "v1.0.0");
    const useAll = async (): Promise<void> => {
      await putFiles(store, module, filesOf("x"));
      await keptFiles(store, module);
      await assert.rejects(putFiles(store, module, filesOf("y")));
      await store.versions(module.path);
      await assertAbsent(store, other);
      await store.check();
      await loose.write(other, "mod", filesOf("x").mod);
      await loose.read(other, "mod");
      await loose.remove(other);
      const discarded = await store.stage();
      await discarded.append(filesOf("x").zip);
      await discarded[Symbol.asyncDispose]();
    };
    await useAll();
    const before = (await readdir("/proc/self/fd")).length;
    for (let round = 0; round < 5; round += 1) await useAll();
    assert.equal((await readdir("/proc/self/fd")).length, before);
    assert.deepEqual(await readdir(join(root, ".stoa", "incoming")), []);
    assert.deepEqual(await readdir(join(root, ".stoa", "mending")), []);
  });
});

/** Leaves files in a version's folder, as Athens does it. */
async function leaveFiles(
  root: string,
  module: ModuleVersion,
  pieces: Partial<FileBytes>,
): Promise<void> {
  const folder = versionFolder(root, module);
  await mkdir(folder, { recursive: true });
  for (const kind of ["info", "mod", "zip"] as const) {
    const bytes = pieces[kind];
    if (bytes !== undefined) await writeFile(join(folder, fileName(module, kind)), bytes);
  }
}

async function filesBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .toSorted();
}

/** How this machine marks a process that has ended. */
async function markOfADeadProcess(root: string): Promise<string> {
  const { store } = await openDiskModuleStore({ root });
  await using _staged = await stageZip(store, new Uint8Array());
  const [own = ""] = await readdir(join(root, ".stoa", "incoming"));
  const { pid } = spawnSync(process.execPath, ["--version"]);
  return own.split("+")[0]!.replace(`-${process.pid}-`, `-${pid}-`);
}

/** What the lock of a version is called, seen while it is held. */
async function nameOfTheLock(root: string, module: ModuleVersion): Promise<string> {
  const storage = new StorageRoot(root);
  const mark = await ProcessMark.ofThisProcess();
  await using _held = await new MendLock(storage, new IncomingFolder(storage, mark), mark).hold(
    module,
  );
  const [name = ""] = await readdir(storage.mending);
  return name;
}

function isUnavailable(sentence: RegExp): (failure: unknown) => boolean {
  return (failure) => {
    assert.ok(failure instanceof ProxyFailure, String(failure));
    assert.equal(failure.code, "store_unavailable");
    assert.match(failure.message, sentence);
    return true;
  };
}

function noProc(): string | false {
  return process.platform === "linux" ? false : "there is no /proc/self/fd here";
}
