// The trash of the disk driver: the contract, and what is particular to a disk.
import assert from "node:assert/strict";
import { mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import {
  assertAbsent,
  filesOf,
  keptFiles,
  moduleVersion,
  putFiles,
} from "../../testing/module-store-contract.ts";
import { versionTrashContract } from "../../testing/version-trash-contract.ts";
import { openDiskModuleStore } from "./open-disk-module-store.ts";
import { fileName, versionFolder } from "./version-folder.ts";

versionTrashContract("openDiskModuleStore", async () => {
  const root = await mkdtemp(join(tmpdir(), "stoa-trash-"));
  return {
    ...(await openDiskModuleStore({ root })),
    other: await openDiskModuleStore({ root }),
    isRemovedSoftly: true,
    cleanUp: () => rm(root, { recursive: true, force: true }),
  };
});

const module = moduleVersion("example.com/a", "v1.0.0");

test("a version is restored whose setting aside was broken off after any of its files", async (t) => {
  for (const moved of [1, 2, 3]) {
    const root = await folderOf(t);
    const { store, trash } = await openDiskModuleStore({ root });
    await putFiles(store, module, filesOf("x"));
    await trash.discard(module, { isRefetchable: true });
    const [one] = await Array.fromAsync(trash.all());
    const entry = join(root, ".stoa", "trash", one!.id);
    // As if the process had died before it moved the others.
    await putFiles(store, module, filesOf("x"));
    const folder = versionFolder(root, module);
    for (const [at, kind] of (["info", "zip", "mod"] as const).entries()) {
      if (at < moved) await rm(join(folder, fileName(module, kind)));
      else await rm(join(entry, kind));
    }
    const { store: next, trash: later } = await openDiskModuleStore({ root });
    await assertAbsent(next, module);
    assert.equal(await later.restore(one!.id), "restored", `${moved} files had moved`);
    assert.deepEqual(await keptFiles(next, module), filesOf("x"));
  }
});

test("a file that is missing in the trash makes no torn version", async (t) => {
  const root = await folderOf(t);
  const { store, trash } = await openDiskModuleStore({ root });
  await putFiles(store, module, filesOf("x"));
  await trash.discard(module, { isRefetchable: true });
  const [one] = await Array.fromAsync(trash.all());
  await rm(join(root, ".stoa", "trash", one!.id, "zip"));
  assert.equal(await trash.restore(one!.id), "torn");
  await assertAbsent(store, module);
  await putFiles(store, module, filesOf("y"));
  assert.deepEqual(await keptFiles(store, module), filesOf("y"));
});

test("loose files go and come with their version", async (t) => {
  const root = await folderOf(t);
  const { trash, loose, removal } = await openDiskModuleStore({ root });
  await loose.write(module, "mod", filesOf("x").mod);
  await trash.discard(module, { isRefetchable: true });
  assert.equal(await loose.read(module, "mod"), undefined);
  const [one] = await Array.fromAsync(trash.all());
  assert.equal(await trash.restore(one!.id), "restored");
  assert.deepEqual(await loose.read(module, "mod"), Buffer.from(filesOf("x").mod));
  assert.equal((await removal.traces(module.path)).length, 1);
});

test("the trash holds no name that Athens takes for a version, and what is not its own is passed over", async (t) => {
  const root = await folderOf(t);
  const { store, trash } = await openDiskModuleStore({ root });
  await putFiles(store, module, filesOf("x"));
  await trash.discard(module, { isRefetchable: true });
  const names = await readdir(join(root, ".stoa"), { recursive: true });
  assert.deepEqual(
    names.filter((name) => name.endsWith(".info")),
    [],
  );
  const folder = join(root, ".stoa", "trash");
  await writeFile(join(folder, "README"), "mine");
  const [one] = await Array.fromAsync(trash.all());
  await rename(join(folder, one!.id), join(folder, "1700000000000-abc"));
  await writeFile(join(folder, "1700000000000-abc", "note"), "{");
  assert.deepEqual(await Array.fromAsync(trash.all()), []);
  assert.equal(await trash.restore("../../../etc"), "torn");
});

async function folderOf(t: TestContext): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "stoa-trash-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  return root;
}
