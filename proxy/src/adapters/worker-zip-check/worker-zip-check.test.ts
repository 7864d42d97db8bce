// The check of zips in threads: verdicts, queue, aborts, and its end.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type TestContext, test } from "node:test";
import { type ModuleFixture, moduleFixture } from "@stoa/gomod/testing";
import { checkModuleZip, memorySource } from "@stoa/gomod/zip";
import type { BytesPlace } from "../../domain/module-store.ts";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import { WorkerZipCheck } from "./worker-zip-check.ts";

const never = new AbortController().signal;

test("a sound zip tells its hash and its go.mod, from disk and from memory", async (t) => {
  const { module, mod, zip } = await fixture();
  const check = checking(t);
  const expected = await checkModuleZip(memorySource(zip), module);
  for (const place of [await onDisk(t, zip), inMemory(zip)]) {
    const { hash, digest, goMod } = await check.check(module, place, never);
    assert.equal(hash, expected.hash);
    assert.equal(digest, createHash("sha256").update(zip).digest("hex"));
    assert.equal(await check.digest(module, place, never), digest);
    assert.match(hash, /^h1:.{44}$/);
    assert.deepEqual(goMod, new Uint8Array(mod));
  }
});

test("a zip without a go.mod is sound", async (t) => {
  const { module, zip } = await moduleFixture(
    "module example.com/a@v1.0.0\n-- a.go --\npackage a\n",
  );
  const check = checking(t);
  assert.equal((await check.check(module, inMemory(zip), never)).goMod, undefined);
});

test("a zip that breaks a rule is refused with the rule", async (t) => {
  const { module, zip } = await fixture();
  const check = checking(t);
  const other = await moduleFixture("module example.com/other@v1.0.0\n-- a.go --\npackage a\n");
  for (const [bytes, sentence] of [
    [other.zip, /does not begin with example\.com\/a@v1\.0\.0\//],
    [zip.subarray(0, -1), /./],
    [new Uint8Array(), /./],
    [flipped(zip), /./],
  ] as const) {
    await assert.rejects(check.check(module, await onDisk(t, bytes), never), (failure) => {
      assert.ok(failure instanceof ProxyFailure, String(failure));
      assert.equal(failure.code, "invalid_module");
      assert.deepEqual(failure.subject, module);
      assert.match(failure.message, sentence);
      assert.doesNotMatch(failure.message, /invalid module zip/);
      return true;
    });
  }
  await check.check(module, inMemory(zip), never);
});

test("the digest of what is no module zip is that of its bytes, too", async (t) => {
  const { module } = await fixture();
  const bytes = Buffer.alloc(3_000_000, "no zip");
  const digest = await checking(t).digest(module, await onDisk(t, bytes), never);
  assert.equal(digest, createHash("sha256").update(bytes).digest("hex"));
});

test("a zip that cannot be read says so, and is not called unsound", async (t) => {
  const { module } = await fixture();
  const check = checking(t);
  const place = { kind: "file", path: join(tmpdir(), "stoa-no-such-zip") } as const;
  for (const reading of ["check", "digest"] as const) {
    await assert.rejects(check[reading](module, place, never), (failure) => {
      assert.ok(failure instanceof ProxyFailure, String(failure));
      assert.equal(failure.code, "store_unavailable");
      assert.match(failure.message, /ENOENT/);
      return true;
    });
  }
});

test("more zips than threads are all checked", async (t) => {
  const { module, zip } = await fixture();
  const check = checking(t);
  const place = await onDisk(t, zip);
  const checked = await Promise.all(
    Array.from({ length: 20 }, () => check.check(module, place, never)),
  );
  assert.equal(new Set(checked.map(({ hash }) => hash)).size, 1);
});

test("a check that is aborted ends at once, running or waiting, and hinders no other", async (t) => {
  const { module, zip } = await fixture();
  const check = checking(t, 1);
  const place = await onDisk(t, zip);
  const aborts = Array.from({ length: 3 }, () => new AbortController());
  const checks = aborts.map(({ signal }) => check.check(module, place, signal));
  const last = check.check(module, place, never);
  const reasons = aborts.map((_, index) => new Error(`abort ${index}`));
  // The second and third wait, the first runs.
  for (const index of [1, 0, 2]) {
    aborts[index]!.abort(reasons[index]);
    await assert.rejects(checks[index]!, reasons[index]);
  }
  assert.match((await last).hash, /^h1:/);
  assert.match((await check.check(module, place, never)).hash, /^h1:/);
});

test("a check with an aborted signal does not begin", async (t) => {
  const { module, zip } = await fixture();
  const check = checking(t);
  const reason = new Error("too late");
  await assert.rejects(check.check(module, inMemory(zip), AbortSignal.abort(reason)), reason);
});

test("a closed check rejects what runs, waits or comes, and gives its files back", async (t) => {
  const { module, zip } = await fixture();
  const check = checking(t, 1);
  const place = await onDisk(t, zip);
  await check.check(module, place, never);
  const before = await openFiles();
  const checks = Array.from({ length: 3 }, () => check.check(module, place, never));
  const rejected = Promise.allSettled(checks);
  await check.close();
  for (const { status } of await rejected) assert.equal(status, "rejected");
  await assert.rejects(check.check(module, place, never), /closed/);
  assert.ok((await openFiles()) <= before);
});

test("an idle check does not keep the process alive, a running one does", async (t) => {
  const { module, zip } = await fixture();
  const place = await onDisk(t, zip);
  const url = new URL("./worker-zip-check.ts", import.meta.url);
  const program = `
    import { WorkerZipCheck } from ${JSON.stringify(url.href)};
    const check = new WorkerZipCheck();
    const signal = new AbortController().signal;
    const { hash } = await check.check(${JSON.stringify(module)}, ${JSON.stringify(place)}, signal);
    console.log(hash);
  `;
  const { stdout, status } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
    encoding: "utf8",
  });
  assert.equal(status, 0);
  assert.match(stdout, /^h1:/);
});

function checking(t: TestContext, threads = 2): WorkerZipCheck {
  const check = new WorkerZipCheck({ threads });
  t.after(() => check.close());
  return check;
}

function fixture(): Promise<ModuleFixture> {
  return moduleFixture(`module example.com/a@v1.0.0
-- go.mod --
module example.com/a

go 1.24
-- a.go --
package a
`);
}

async function onDisk(t: TestContext, zip: Uint8Array): Promise<BytesPlace> {
  const folder = await mkdtemp(join(tmpdir(), "stoa-check-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "source.zip"), zip);
  return { kind: "file", path: join(folder, "source.zip") };
}

function inMemory(zip: Uint8Array): BytesPlace {
  return { kind: "memory", bytes: () => zip };
}

/** Another byte in the data of the first file. */
function flipped(zip: Uint8Array): Uint8Array {
  const changed = new Uint8Array(zip);
  changed[Buffer.from(zip).indexOf("go.mod") + 12]! ^= 0xff;
  return changed;
}

async function openFiles(): Promise<number> {
  return process.platform === "linux" ? (await readdir("/proc/self/fd")).length : 0;
}
