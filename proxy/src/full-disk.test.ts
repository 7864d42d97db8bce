// A disk that is full to the last byte: room is made all the same, and what is kept is given meanwhile.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, open, rmdir, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { openLog, openMetrics } from "@stoa/telemetry";
import { openDiskModuleStore } from "./adapters/disk-module-store/open-disk-module-store.ts";
import { RenewedLeases } from "./adapters/leases/renewed-leases.ts";
import { openState } from "./adapters/sql-state/open-state.ts";
import { DiskRelief } from "./application/relieve-disk.ts";
import { VersionRetirement } from "./application/retire-versions.ts";
import { keptFiles, moduleVersion, putFiles } from "./testing/module-store-contract.ts";

const skip = cannotMount();

test("room is made on a disk on which not another byte can be written", { skip }, async (t) => {
  const root = await mkdtemp(join(tmpdir(), "stoa-full-"));
  mount("-t", "tmpfs", "-o", "size=4m", "stoa-test", root);
  t.after(async () => {
    spawnSync("umount", ["--lazy", root]);
    await rmdir(root);
  });
  const { store, loose, catalog, removal, trash, space } = await openDiskModuleStore({ root });
  const file = join(root, ".stoa", "state.sqlite");
  await using state = await openState({ kind: "sqlite", file }, { mostJobs: 0 });
  const { uses, bookmarks, keepLists, index } = state;
  const files = { info: fill(100), mod: fill(100), zip: fill(500_000) };
  const all = [1, 2, 3, 4].map((patch) => moduleVersion("example.com/a", `v1.0.${patch}`));
  for (const module of all) await putFiles(store, module, files);
  await keepLists.write("go.sum", all.slice(2));
  const retirement = new VersionRetirement({ store, loose, removal, trash, index, uses });
  const relief = new DiskRelief({
    ...{ space, trash, keepLists, quotaBytes: 0, evicts: true, protect: "", private: "" },
    survey: { store, catalog, uses, bookmarks },
    refetch: { ask: async () => ({ answer: "yes" }) },
    leases: new RenewedLeases(state.leases, { lifetimeMs: 60_000 }),
    evict: (module) => retirement.evict(module),
    log: openLog({ level: "silent", format: "json" }),
    metrics: openMetrics(),
  });
  await fillUp(join(root, "filler"));
  assert.equal((await statfs(root)).bavail, 0);
  for (const module of all) assert.deepEqual(await keptFiles(store, module), files);

  await relief.look(new AbortController().signal);
  assert.ok((await statfs(root)).bavail > 0);
  const left = await store.versions(all[0]!.path);
  assert.ok(left.length < all.length, "nothing went");
  for (const module of all.slice(2)) assert.deepEqual(await keptFiles(store, module), files);
});

function fill(length: number): Uint8Array {
  return new Uint8Array(length).fill(7);
}

async function fillUp(path: string): Promise<void> {
  await using file = await open(path, "a");
  for (const bytes of [65_536, 4096, 1]) {
    try {
      for (;;) await file.appendFile(new Uint8Array(bytes));
    } catch (failure) {
      if ((failure as NodeJS.ErrnoException).code !== "ENOSPC") throw failure;
    }
  }
}

function mount(...parameters: string[]): void {
  const { status, stderr } = spawnSync("mount", parameters, { encoding: "utf8" });
  assert.equal(status, 0, stderr);
}

function cannotMount(): string | false {
  if (process.platform !== "linux") return "only Linux has a tmpfs to mount";
  const { status } = spawnSync("unshare", ["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
  return status !== 0 && "only root may mount a file system";
}
