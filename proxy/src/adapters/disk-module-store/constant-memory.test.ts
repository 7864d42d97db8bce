// A zip of 100 MB passes through the disk store without being held in memory.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import type { ModuleStore } from "../../domain/module-store.ts";
import { filesOf, moduleVersion } from "../../testing/module-store-contract.ts";
import { openDiskModuleStore } from "./open-disk-module-store.ts";

const mebibyte = 1 << 20;
const limitBytes = 40 * mebibyte;

// This file is also the program of the process that is measured.
const [root] = process.argv.slice(2);
if (root === undefined) declareTest();
else await keepLargeZips(root);

function declareTest(): void {
  test("zips of 100 MB are staged, put, compared and read back in constant memory", async (t) => {
    const folder = await mkdtemp(join(tmpdir(), "stoa-large-"));
    t.after(() => rm(folder, { recursive: true, force: true }));
    const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
    const { stdout, stderr, status } = spawnSync(process.execPath, [import.meta.filename, folder], {
      encoding: "utf8",
      env: environment,
    });
    assert.equal(status, 0, stderr);
    const { grownBytes, written, read } = JSON.parse(stdout) as Record<string, unknown>;
    assert.equal(read, written);
    assert.ok(Number(grownBytes) < limitBytes, `the memory grew by ${grownBytes} bytes`);
  });
}

async function keepLargeZips(folder: string): Promise<void> {
  const { store } = await openDiskModuleStore({ root: folder });
  await keepZip(store, "v0.1.0", 10); // what the process needs once, whatever the size
  const before = process.memoryUsage.rss();
  let peak = before;
  const watch = (): void => {
    peak = Math.max(peak, process.memoryUsage.rss());
  };
  const written = await keepZip(store, "v1.0.0", 100, watch);
  assert.equal(await keepZip(store, "v1.0.0", 100, watch), written);
  const read = await hashOfKept(store, "v1.0.0", watch);
  process.stdout.write(JSON.stringify({ grownBytes: peak - before, written, read }));
}

/** Keeps a zip of as many mebibytes, each another; returns its hash. */
async function keepZip(
  store: ModuleStore,
  version: string,
  mebibytes: number,
  watch = (): void => undefined,
): Promise<string> {
  await using staged = await store.stage();
  const hash = createHash("sha256");
  const chunk = new Uint8Array(mebibyte);
  for (let index = 0; index < mebibytes; index += 1) {
    chunk.fill(index);
    hash.update(chunk);
    await staged.append(chunk);
    watch();
  }
  await staged.end();
  await store.put(moduleVersion("example.com/a", version), { ...filesOf("x"), zip: staged });
  watch();
  return hash.digest("hex");
}

async function hashOfKept(store: ModuleStore, version: string, watch: () => void): Promise<string> {
  await using zip = await store.open(moduleVersion("example.com/a", version), "zip");
  assert.ok(zip !== undefined);
  const hash = createHash("sha256");
  const chunk = new Uint8Array(mebibyte);
  for (let position = 0; position < zip.size; ) {
    const count = await zip.read(position, chunk);
    hash.update(chunk.subarray(0, count));
    position += count;
    watch();
  }
  return hash.digest("hex");
}
