// The queue of versions that are fetched in the background: nothing accepted is lost, and all of it can be seen.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { ModuleFixture } from "@stoa/gomod/testing";
import { fixtureProxy } from "@stoa/proxy/testing";
import { until } from "./testing/bounded-wait.ts";
import { goCommand, goIsMissing } from "./testing/go-command.ts";
import { ask } from "./testing/http-answer.ts";
import { readMetrics } from "./testing/metrics-text.ts";
import { filePath, smallModule } from "./testing/proxied-modules.ts";
import { finishedStoa, type StoaProcess, startStoa } from "./testing/stoa-process.ts";
import { isWhole, versionsIn } from "./testing/stored-versions.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const asynchronous = { ATHENS_DOWNLOAD_MODE: "async" };

async function keptIn(root: string): Promise<readonly string[]> {
  return (await versionsIn(root)).filter(isWhole).map(({ folder }) => folder);
}

function modules(count: number): Promise<ModuleFixture[]> {
  const names = Array.from({ length: count }, (_, index) => `example.com/m${index}`);
  return Promise.all(names.map((name) => smallModule(name, "v1.0.0")));
}

async function jobs(stoa: StoaProcess): Promise<ReadonlyMap<string, number>> {
  const families = readMetrics((await ask(`${stoa.url}/metrics`)).text);
  const samples = families.get("stoa_background_jobs")?.samples ?? [];
  return new Map(samples.map(({ labels, value }) => [labels["state"] ?? "", value]));
}

async function queueOf(root: string): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await finishedStoa(["modules", "queue", "--json"], {
    ATHENS_DISK_STORAGE_ROOT: root,
  });
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout).jobs;
}

test("what was accepted before a kill -9 is fetched after the next start", async () => {
  await using folder = await temporaryFolder();
  const root = join(folder.path, "kept");
  const fixtures = await modules(12);
  await using upstream = await fixtureProxy(fixtures);
  upstream.fail(/./, { hang: true });
  {
    await using stoa = await startStoa({ goproxy: upstream.url, root, env: asynchronous });
    for (const fixture of fixtures) {
      const answer = await ask(`${stoa.url}${filePath(fixture, "info")}`);
      assert.equal(answer.status, 404);
      assert.match(answer.text, /being fetched in the background/);
    }
    await upstream.requested(/./);
    await stoa.kill();
  }
  assert.deepEqual(await keptIn(root), []);
  assert.equal((await queueOf(root)).length, 12);
  upstream.heal();
  await using stoa = await startStoa({ goproxy: upstream.url, root, env: asynchronous });
  await until("all versions", async () => (await keptIn(root)).length === 12);
  await until("an empty queue", async () => (await jobs(stoa)).get("waiting") === 0);
  assert.deepEqual(await queueOf(root), []);
});

test("a client that leaves takes nothing with it, and an outage is waited out", async () => {
  const [small] = (await modules(1)) as [ModuleFixture];
  await using upstream = await fixtureProxy([small]);
  upstream.fail(/\.zip$/, { status: 500 });
  await using stoa = await startStoa({ goproxy: upstream.url, env: asynchronous });
  const leaving = new AbortController();
  const left = ask(`${stoa.url}${filePath(small, "zip")}`, { signal: leaving.signal }).catch(
    () => 0,
  );
  leaving.abort();
  await left;
  await ask(`${stoa.url}${filePath(small, "zip")}`);
  const [job] = await until("a failed attempt", async () => {
    const found = await queueOf(stoa.root);
    return Number(found[0]?.["attempts"]) >= 1 && found;
  });
  assert.equal(job?.["module"], "example.com/m0@v1.0.0");
  assert.equal(job?.["state"], "waiting");
  assert.match(String(job?.["reason"]), /500/);
  upstream.heal();
  await until("the version", async () => (await keptIn(stoa.root)).length === 1);
});

test("a version that does not exist is given up, and tells why", async () => {
  await using upstream = await fixtureProxy([]);
  await using stoa = await startStoa({ goproxy: upstream.url, env: asynchronous });
  assert.equal((await ask(`${stoa.url}/example.com/none/@v/v1.0.0.info`)).status, 404);
  await until("the end of it", async () => (await jobs(stoa)).get("given_up") === 1);
  const [job] = await queueOf(stoa.root);
  assert.equal(job?.["state"], "given_up");
  assert.match(String(job?.["reason"]), /unknown revision/);
  const told = await finishedStoa(["modules", "queue"], { ATHENS_DISK_STORAGE_ROOT: stoa.root });
  assert.match(told.stdout, /0 wait, 1 given up/);
  assert.match(told.stdout, /example.com\/none@v1.0.0 .*given up.*unknown revision/);
});

test("a full queue says so to who waits for it, and redirects who does not", async () => {
  const [first, second] = (await modules(2)) as [ModuleFixture, ModuleFixture];
  await using upstream = await fixtureProxy([first, second]);
  upstream.fail(/./, { hang: true });
  for (const [mode, status] of [
    ["async", 503],
    ["async_redirect", 302],
  ] as const) {
    const env = {
      ATHENS_DOWNLOAD_MODE: mode,
      ATHENS_DOWNLOAD_URL: "https://elsewhere.example",
      STOA_QUEUE_LIMIT: "1",
    };
    await using stoa = await startStoa({ goproxy: upstream.url, env });
    await ask(`${stoa.url}${filePath(first, "info")}`);
    assert.equal((await jobs(stoa)).get("waiting"), 1);
    const answer = await ask(`${stoa.url}${filePath(second, "info")}`);
    assert.equal(answer.status, status, answer.text);
    assert.equal((await jobs(stoa)).get("waiting"), 1);
  }
});

test("stoa modules queue of a folder without a queue, and of memory, says so", async () => {
  await using folder = await temporaryFolder();
  const empty = await finishedStoa(["modules", "queue"], { ATHENS_DISK_STORAGE_ROOT: folder.path });
  assert.deepEqual([empty.code, empty.stdout], [0, "0 wait, 0 given up\n"]);
  const memory = await finishedStoa(["modules", "queue"], { ATHENS_STORAGE_TYPE: "memory" });
  assert.equal(memory.code, 1);
  assert.match(memory.stderr, /memory.*metrics/);
});

test("the go command fails first and succeeds later", { skip: goIsMissing() }, async () => {
  const [small] = (await modules(1)) as [ModuleFixture];
  await using upstream = await fixtureProxy([small]);
  await using stoa = await startStoa({ goproxy: upstream.url, env: asynchronous });
  await using go = await goCommand({ goproxy: stoa.url });
  const first = await go.run(["mod", "download", "example.com/m0@v1.0.0"]);
  assert.notEqual(first.code, 0);
  assert.match(first.stderr, /being fetched in the background.*ask again/);
  await until("the version", async () => (await keptIn(stoa.root)).length === 1);
  await go.succeed(["mod", "download", "example.com/m0@v1.0.0"]);
});
