// The disk driver on disks that are full, read-only or taken away: real ones, in memory, which takes root to mount.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm, rmdir, stat, statfs, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type TestContext, test } from "node:test";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import {
  assertAbsent,
  filesOf,
  keptFiles,
  moduleVersion,
  putFiles,
  stageZip,
} from "../../testing/module-store-contract.ts";
import { openDiskModuleStore } from "./open-disk-module-store.ts";

const kept = moduleVersion("example.com/kept", "v1.0.0");
const wanted = moduleVersion("example.com/wanted/much", "v1.0.0");
const skip = await cannotMount();

test("a full disk refuses what arrives, and gives what is kept", { skip }, async (t) => {
  const root = await smallDisk(t, "size=1m");
  const { store, loose } = await openDiskModuleStore({ root });
  await putFiles(store, kept, filesOf("kept"));

  const staged = await store.stage();
  const full = isUnavailable(/is full: free some space/);
  await assert.rejects(staged.append(new Uint8Array(2 << 20)), full);
  await assert.rejects(store.check(), full);
  await assert.rejects(putFiles(store, wanted, filesOf("x")), full);
  await assert.rejects(loose.write(wanted, "mod", filesOf("x").mod), full);
  await assertAbsent(store, wanted);
  assert.equal(await loose.read(wanted, "mod"), undefined);
  assert.deepEqual(await keptFiles(store, kept), filesOf("kept"));
  assert.deepEqual(await store.versions(kept.path), [kept.version]);

  await staged[Symbol.asyncDispose]();
  await store.check();
  assert.deepEqual(await readdir(join(root, ".stoa", "incoming")), []);
  await putFiles(store, wanted, filesOf("x"));
  assert.deepEqual(await keptFiles(store, wanted), filesOf("x"));
});

for (const torn of [false, true]) {
  const where = torn ? "a repair" : "a put";
  test(`wherever in ${where} the disk runs full, the version is absent or whole`, {
    skip,
  }, async (t) => {
    const root = await smallDisk(t, "size=256k");
    const { store } = await openDiskModuleStore({ root });
    await putFiles(store, kept, filesOf("kept"));
    const files = { info: blocks(1), mod: blocks(2), zip: blocks(3) };
    const outcomes = new Set<string>();
    const page = (await statfs(root)).bsize;
    const { bavail } = await statfs(root);
    for (let free = 0; free < 16; free += 1) {
      const module = moduleVersion(wanted.path, `v1.0.${free}`);
      const folder = join(root, module.path, module.version);
      if (torn) await leaveHalf(root, folder);
      const filler = join(root, "filler");
      const remaining = (await statfs(root)).bavail;
      await writeFile(filler, new Uint8Array(Math.max(0, remaining - free) * page));
      const outcome = await putFiles(store, module, files).then(
        () => "kept",
        (failure: unknown) => {
          assert.ok(isUnavailable(/is full/)(failure));
          return "full";
        },
      );
      outcomes.add(outcome);
      if (outcome === "kept") assert.deepEqual(await keptFiles(store, module), files);
      else await assertAbsent(store, module);
      assert.deepEqual(await readdir(join(root, ".stoa", "incoming")), []);
      assert.deepEqual(await keptFiles(store, kept), filesOf("kept"));

      await rm(filler);
      await putFiles(store, module, files);
      assert.deepEqual(await keptFiles(store, module), files);
      await rm(folder, { recursive: true });
    }
    assert.deepEqual(outcomes, new Set(["full", "kept"]));
    assert.ok((await statfs(root)).bavail >= bavail - 4, "space has leaked");
  });
}

test("a disk without room for another file refuses it", { skip }, async (t) => {
  const root = await smallDisk(t, "size=4m,nr_inodes=24");
  const { store } = await openDiskModuleStore({ root });
  await putFiles(store, kept, filesOf("kept"));
  let refused = 0;
  for (let patch = 0; patch < 12; patch += 1) {
    const module = moduleVersion(wanted.path, `v1.0.${patch}`);
    try {
      await putFiles(store, module, filesOf("x"));
      assert.deepEqual(await keptFiles(store, module), filesOf("x"));
    } catch (failure) {
      assert.ok(isUnavailable(/is full/)(failure));
      await assertAbsent(store, module);
      refused += 1;
    }
  }
  assert.ok(refused > 0);
  assert.deepEqual(await readdir(join(root, ".stoa", "incoming")), []);
  assert.deepEqual(await keptFiles(store, kept), filesOf("kept"));
});

test("a read-only disk gives what is kept, and says that it takes nothing", { skip }, async (t) => {
  const root = await smallDisk(t, "size=1m");
  const { store, loose } = await openDiskModuleStore({ root });
  await putFiles(store, kept, filesOf("kept"));
  await loose.write(wanted, "mod", filesOf("x").mod);
  mount("-o", "remount,ro", root);
  const readOnly = isUnavailable(/read-only/);
  await assert.rejects(store.stage(), readOnly);
  await assert.rejects(store.check(), readOnly);
  await assert.rejects(loose.write(wanted, "info", filesOf("x").info), readOnly);
  await assert.rejects(loose.remove(wanted), readOnly);
  await assert.rejects(openDiskModuleStore({ root }), readOnly);
  await assert.rejects(openDiskModuleStore({ root: join(root, "new") }), readOnly);
  assert.deepEqual(await keptFiles(store, kept), filesOf("kept"));
  assert.deepEqual(await loose.read(wanted, "mod"), Buffer.from(filesOf("x").mod));
  await assertAbsent(store, wanted);

  mount("-o", "remount,rw", root);
  await putFiles(store, wanted, filesOf("x"));
  assert.deepEqual(await keptFiles(store, wanted), filesOf("x"));
});

test("a disk that was taken away is not an empty one", { skip }, async (t) => {
  const root = await smallDisk(t, "size=1m");
  const { store, loose } = await openDiskModuleStore({ root });
  await putFiles(store, kept, filesOf("kept"));
  await using staged = await stageZip(store, filesOf("x").zip);
  spawnSync("umount", ["--lazy", root]);
  assert.ok((await stat(root)).isDirectory());
  const gone = isUnavailable(/is gone/);
  await assert.rejects(store.open(kept, "zip"), gone);
  await assert.rejects(store.open(wanted, "zip"), gone);
  await assert.rejects(store.versions(kept.path), gone);
  await assert.rejects(store.stage(), gone);
  await assert.rejects(store.put(wanted, { ...filesOf("x"), zip: staged }), gone);
  await assert.rejects(store.check(), gone);
  await assert.rejects(loose.read(wanted, "mod"), gone);
  await assert.rejects(loose.write(wanted, "mod", filesOf("x").mod), gone);
  assert.deepEqual(await readdir(root), [], "something was written under the mount point");
});

/** A disk in memory, mounted at a folder of its own. */
async function smallDisk(t: TestContext, options: string): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "stoa-small-"));
  mount("-t", "tmpfs", "-o", options, "stoa-test", root);
  t.after(async () => {
    spawnSync("umount", ["--lazy", root]);
    await rmdir(root);
  });
  return root;
}

/** A go.mod and half a zip. */
async function leaveHalf(root: string, folder: string): Promise<void> {
  const { store } = await openDiskModuleStore({ root });
  const [path, version] = [folder.slice(root.length + 1), folder.split("/").at(-1)!];
  const module = moduleVersion(path.slice(0, -version.length - 1), version);
  await putFiles(store, module, filesOf("torn"));
  await rm(join(folder, `${version}.info`));
}

/** A few whole blocks of disk. */
function blocks(count: number): Uint8Array {
  return new Uint8Array(count * 4096).fill(count);
}

function mount(...parameters: string[]): void {
  const { status, stderr } = spawnSync("mount", parameters, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
}

async function cannotMount(): Promise<string | false> {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "only root may mount a disk";
  const root = await mkdtemp(join(tmpdir(), "stoa-small-"));
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=4k", "stoa-test", root]);
  if (status === 0) spawnSync("umount", [root]);
  await rmdir(root);
  return status === 0 ? false : "this machine lets nobody mount a disk";
}

function isUnavailable(sentence: RegExp): (failure: unknown) => boolean {
  return (failure) => {
    assert.ok(failure instanceof ProxyFailure, String(failure));
    assert.equal(failure.code, "store_unavailable");
    assert.match(failure.message, sentence);
    return true;
  };
}
