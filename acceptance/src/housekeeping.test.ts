// What keeps a store in bounds, as its users meet it: retention, registered go.sum files, the trash, a quota, and alarms.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { utimes, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, test } from "node:test";
import { type ModuleFixture, moduleFixture } from "@stoa/gomod/testing";
import { type FixtureProxy, fixtureProxy } from "@stoa/proxy/testing";
import { until } from "./testing/bounded-wait.ts";
import type { FinishedProgram } from "./testing/finished-program.ts";
import { gitHost, RepositoryDraft } from "./testing/git-host.ts";
import { ask } from "./testing/http-answer.ts";
import { readMetrics } from "./testing/metrics-text.ts";
import { filePath, largeModule, proxiedModules, smallModule } from "./testing/proxied-modules.ts";
import { said } from "./testing/said.ts";
import { finishedStoa, type StoaProcess, startStoa } from "./testing/stoa-process.ts";
import { isWhole, versionsIn } from "./testing/stored-versions.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const gitIsMissing = spawnSync("git", ["version"]).error !== undefined && "there is no git here";
const admin = { STOA_ADMIN_API: "true", STOA_ADMIN_TOKEN: "administrator" };
const gone = { status: 404, body: "not found: unknown revision" };

async function fetched(stoa: StoaProcess, ...fixtures: readonly ModuleFixture[]): Promise<void> {
  for (const fixture of fixtures) {
    const answer = await ask(`${stoa.url}${filePath(fixture, "zip")}`);
    assert.equal(answer.status, 200, answer.text);
  }
}

async function kept(root: string): Promise<string[]> {
  const versions = await versionsIn(root);
  assert.ok(versions.every(isWhole), "a version is torn");
  return versions.map(({ folder }) => folder).sort();
}

/** Makes every version look as if it had come years ago. */
async function age(root: string): Promise<void> {
  for (const { folder } of await versionsIn(root)) {
    const then = new Date("2020-01-01");
    await utimes(join(root, folder, "source.zip"), then, then);
  }
}

interface Scene extends AsyncDisposable {
  readonly upstream: FixtureProxy;
  readonly root: string;
  /** Runs `stoa modules …`. */
  readonly modules: (...words: readonly string[]) => Promise<FinishedProgram>;
  readonly folder: string;
}

/** A store with these versions, all old. */
async function oldStore(fixtures: readonly ModuleFixture[]): Promise<Scene> {
  const folder = await temporaryFolder();
  const root = join(folder.path, "kept");
  const upstream = await fixtureProxy(fixtures);
  const stoa = await startStoa({ goproxy: upstream.url, root });
  await fetched(stoa, ...fixtures);
  await stoa.stop();
  await age(root);
  const env = {
    GOPROXY: upstream.url,
    ATHENS_DISK_STORAGE_ROOT: root,
    GONOSUMDB: "corp.example",
  };
  return {
    upstream,
    root,
    folder: folder.path,
    modules: (...words) => finishedStoa(["modules", ...words], env, folder.path),
    async [Symbol.asyncDispose]() {
      await upstream[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

describe("stoa modules retain", () => {
  test("removes what is due, and nothing that is registered, private, protected or cannot be fetched again", async () => {
    const names = ["due", "registered", "protected", "vanished", "silent"];
    const fixtures = await Promise.all([
      ...names.map((name) => smallModule(`example.com/${name}`, "v1.0.0")),
      smallModule("corp.example/private", "v1.0.0"),
    ]);
    await using scene = await oldStore(fixtures);
    const { modules, root, upstream } = scene;
    const all = await kept(root);
    upstream.fail("vanished/@v/", gone);
    upstream.fail("silent/@v/", { status: 500 });
    const sum = join(scene.folder, "go.sum");
    await writeFile(sum, "example.com/registered v1.0.0 h1:x=\n");
    assert.equal((await modules("keep", "add", sum, "--name", "team/service")).code, 0);
    const rules = ["--age-days", "30", "--protect", "example.com/protected"];

    const asked = await modules("retain", ...rules);
    assert.equal(asked.code, 1, "nobody can tell about one of them");
    assert.match(asked.stdout, /^would remove example.com\/due@v1.0.0 \(too old; \d+ bytes, .+$/m);
    assert.match(asked.stdout, /^keeps example.com\/registered@v1.0.0 \(a registered go.sum/m);
    assert.match(asked.stdout, /^keeps example.com\/protected@v1.0.0 \(protected by a pattern\)$/m);
    assert.match(asked.stdout, /^keeps corp.example\/private@v1.0.0 \(private\)$/m);
    assert.match(asked.stdout, /^keeps example.com\/vanished@v1.0.0 \(cannot be fetched again: /m);
    assert.match(asked.stdout, /^keeps example.com\/silent@v1.0.0 \(nobody can tell: /m);
    assert.match(asked.stdout, /1 of 6 versions .* would be removed, 4 protected, 1 stay/);
    assert.deepEqual(await kept(root), all, "it only said what it would do");

    const done = await modules("retain", ...rules, "--yes");
    assert.match(done.stdout, /^removed example.com\/due@v1.0.0/m);
    assert.deepEqual(
      await kept(root),
      all.filter((folder) => folder !== "example.com/due/v1.0.0"),
    );

    assert.match(
      (await modules("trash")).stdout,
      /^example.com\/due@v1.0.0 {2}\d+ bytes, removed /,
    );
    const back = await modules("restore", "example.com/due");
    assert.equal(back.stdout, "example.com/due@v1.0.0 restored\n");
    assert.deepEqual(await kept(root), all);

    assert.equal((await modules("keep", "remove", "team/service")).code, 0);
    const even = await modules("retain", "--age-days", "30", "--even", "private,vanished", "--yes");
    assert.equal(even.code, 0, even.stderr);
    assert.deepEqual(await kept(root), []);
    await modules("trash", "--empty");
    assert.equal((await modules("restore", "example.com/due")).code, 1);
  });

  test("by size the longest unused go first, and what is used stays", async () => {
    const fixtures = await Promise.all(
      ["a", "b", "c", "d"].map((name) => largeModule(`example.com/${name}`, "v1.0.0", 400_000)),
    );
    await using scene = await oldStore(fixtures);
    const stoa = await startStoa({ goproxy: scene.upstream.url, root: scene.root });
    await fetched(stoa, fixtures[0]!, fixtures[2]!);
    await stoa.stop();
    const done = await scene.modules("retain", "--size", "1", "--yes");
    assert.equal(done.code, 0, done.stderr);
    assert.deepEqual(await kept(scene.root), ["example.com/a/v1.0.0", "example.com/c/v1.0.0"]);
  });

  test("without a rule, and on a storage from which nothing can be removed, it says so", async () => {
    await using folder = await temporaryFolder();
    const env = { ATHENS_DISK_STORAGE_ROOT: folder.path };
    const unruled = await finishedStoa(["modules", "retain"], env);
    assert.equal(unruled.code, 1);
    assert.match(unruled.stderr, /^stoa: there is no rule: name --age-days/);
    const timed = await finishedStoa(["config", "check"], { ...env, STOA_RETAIN_EVERY: "60" });
    assert.equal(timed.code, 1);
    assert.match(timed.stderr + timed.stdout, /STOA_RETAIN_EVERY.*it needs a rule/);
  });
});

test("a server retains by its clock, and what it removed is fetched again when it is asked for", async () => {
  const due = await smallModule("example.com/due", "v1.0.0");
  await using scene = await oldStore([due]);
  const env = { STOA_RETAIN_EVERY: "3600", STOA_RETAIN_AGE_DAYS: "30" };
  await using stoa = await startStoa({ goproxy: scene.upstream.url, root: scene.root, env });
  await until("the retention", () => /"removed by retention"/.test(stoa.output()));
  assert.deepEqual(await kept(scene.root), []);
  await fetched(stoa, due);
  assert.deepEqual(await kept(scene.root), ["example.com/due/v1.0.0"]);
});

test("go.sum files are registered, listed and removed over HTTP, by administrators", async () => {
  await using scene = await proxiedModules([], { env: admin });
  const url = `${scene.stoa.url}/api/modules/keep`;
  const headers = { authorization: "Bearer administrator" };
  const body = "example.com/a v1.0.0 h1:x=\nexample.com/b v1.0.0/go.mod h1:x=\n";
  assert.equal((await fetch(url)).status, 401);
  assert.equal((await fetch(url, { method: "POST", body, headers })).status, 400, "without a name");
  const named = `${url}?name=team/service`;
  const wrong = await fetch(named, { method: "POST", body: "example.com/a main\n", headers });
  assert.equal(wrong.status, 400);
  const added = await fetch(named, { method: "POST", body, headers });
  assert.deepEqual(await added.json(), { name: "team/service", versions: 2 });
  const { lists } = (await (await fetch(url, { headers })).json()) as { lists: object[] };
  assert.deepEqual(Object.keys(lists[0] ?? {}), ["name", "versions", "at"]);
  assert.equal((await fetch(named, { method: "DELETE", headers })).status, 200);
  assert.equal((await fetch(named, { method: "DELETE", headers })).status, 404);
  assert.deepEqual(await (await fetch(url, { headers })).json(), { lists: [] });
  assert.equal((await fetch(url, { method: "PUT", headers })).status, 405);
});

test("a storage over its quota gives up public zips, the longest unused first, and no hit fails", async () => {
  const names = ["example.com/a", "example.com/b", "example.com/c", "corp.example/private"];
  const fixtures = await Promise.all(names.map((name) => largeModule(name, "v1.0.0", 300_000)));
  await using scene = await oldStore(fixtures);
  const used = await startStoa({ goproxy: scene.upstream.url, root: scene.root });
  await fetched(used, fixtures[1]!);
  await used.stop();
  const env = { STOA_DISK_QUOTA: "1", GONOSUMDB: "corp.example" };
  await using stoa = await startStoa({ goproxy: scene.upstream.url, root: scene.root, env });
  await until("room", () => /room was made/.test(stoa.output()));
  const left = await kept(scene.root);
  assert.ok(left.includes("corp.example/private/v1.0.0"), "private modules stay");
  assert.ok(left.includes("example.com/b/v1.0.0"), "what was used stays");
  assert.equal(left.length, 2);
  const asked = scene.upstream.requests.length;
  for (const fixture of fixtures) {
    for (const kind of ["info", "mod"] as const) {
      assert.equal((await ask(`${stoa.url}${filePath(fixture, kind)}`)).status, 200);
    }
  }
  assert.equal(scene.upstream.requests.length, asked, "the small files were kept");
  await fetched(stoa, ...fixtures);
  const metrics = readMetrics((await ask(`${stoa.url}/metrics`)).text);
  assert.equal(metrics.get("stoa_evicted_versions_total")?.samples[0]?.value, 2);
  assert.equal(metrics.get("stoa_storage_capacity_bytes")?.samples[0]?.value, 2 ** 20);
});

describe("an alarm is in the log, in the metrics, and told", () => {
  /** A Stoa, and everything that it tells another program. */
  async function watched(upstream: string, env: Readonly<Record<string, string>> = {}) {
    const heard: string[] = [];
    const listener = createServer(async (request, response) => {
      const { type, data } = JSON.parse(await text(request));
      heard.push([type, data.module, data.version].filter((word) => word !== undefined).join(" "));
      response.writeHead(204).end();
    }).listen(0, "127.0.0.1");
    await once(listener, "listening");
    const { port } = listener.address() as AddressInfo;
    const stoa = await startStoa({
      goproxy: upstream,
      env: {
        ...{ STOA_WEBHOOK_URLS: `http://127.0.0.1:${port}/`, STOA_WEBHOOK_SECRET: "hush" },
        ...admin,
        ...env,
      },
    });
    const refresh = async (module: string): Promise<void> => {
      const headers = { authorization: "Bearer administrator" };
      const url = `${stoa.url}/api/modules/refresh?module=${module}`;
      await (await fetch(url, { method: "POST", headers })).text();
    };
    const raised = async (alarm: string, told: string): Promise<void> => {
      await until(told, () => heard.includes(told));
      await said(stoa, new RegExp(`"alarm":"${alarm}"`));
      const metrics = readMetrics((await ask(`${stoa.url}/metrics`)).text);
      const samples = metrics.get("stoa_alarms_total")?.samples ?? [];
      assert.equal(samples.find(({ labels }) => labels["alarm"] === alarm)?.value, 1);
      assert.equal(heard.filter((one) => one === told).length, 1);
    };
    return {
      stoa,
      heard,
      refresh,
      raised,
      async [Symbol.asyncDispose]() {
        await stoa[Symbol.asyncDispose]();
        listener.close();
        listener.closeAllConnections();
      },
    };
  }

  test("a version that vanished, and a module that did, once each", async () => {
    const one = await smallModule("example.com/a", "v1.0.0");
    const two = await smallModule("example.com/a", "v1.1.0");
    await using upstream = await fixtureProxy([one, two]);
    await using scene = await watched(upstream.url);
    await fetched(scene.stoa, one, two);
    upstream.fail("/@v/v1.0.0", gone);
    upstream.fail("/@v/list", { status: 200, body: "v1.1.0\n" });
    for (let time = 0; time < 3; time += 1) await scene.refresh("example.com/a");
    await scene.raised("vanished", "module.vanished example.com/a v1.0.0");
    await fetched(scene.stoa, one);
    upstream.fail("example.com/a", gone);
    for (let time = 0; time < 3; time += 1) await scene.refresh("example.com/a");
    await until("the module", () => scene.heard.includes("module.vanished example.com/a"));
    await fetched(scene.stoa, one, two);
  });

  test("a tag that was moved", { skip: gitIsMissing }, async () => {
    await using host = await gitHost();
    const draft = new RepositoryDraft();
    draft.commit({ "go.mod": "module github.com/corp/tool\n" });
    draft.tag("v1.0.0");
    await host.add("github.com/corp/tool", draft);
    await using scene = await watched("direct", host.environment);
    const zip = `${scene.stoa.url}/github.com/corp/tool/@v/v1.0.0.zip`;
    const before = await ask(zip);
    assert.equal(before.status, 200, before.text);
    const other = new RepositoryDraft();
    other.commit({ "go.mod": "module github.com/corp/tool\n", "evil.go": "package tool\n" });
    other.tag("v1.0.0");
    await host.add("github.com/corp/tool", other);
    await scene.refresh("github.com/corp/tool");
    await scene.raised("moved", "module.moved github.com/corp/tool v1.0.0");
    assert.deepEqual((await ask(zip)).body, before.body, "what is kept stays");
  });

  test("bytes that changed upstream after a version was removed to make room", async () => {
    const good = await smallModule("example.com/a", "v1.0.0");
    const forged = await moduleFixture(
      "module example.com/a@v1.0.0\n-- go.mod --\nmodule example.com/a\n-- evil.go --\npackage a\n",
    );
    await using upstream = await fixtureProxy([good]);
    const root = await temporaryFolder();
    await using _root = root;
    const first = await startStoa({ goproxy: upstream.url, root: root.path });
    await fetched(first, good);
    await first.stop();
    await age(root.path);
    const env = { GOPROXY: upstream.url, ATHENS_DISK_STORAGE_ROOT: root.path };
    const retained = await finishedStoa(["modules", "retain", "--age-days", "9", "--yes"], env);
    assert.equal(retained.code, 0, retained.stderr);
    upstream.add(forged);
    await using scene = await watched(upstream.url, { ATHENS_DISK_STORAGE_ROOT: root.path });
    const answer = await ask(`${scene.stoa.url}${filePath(good, "zip")}`);
    assert.ok(!answer.whole || answer.status >= 400, "forged bytes were given out as whole");
    await scene.raised("altered", "module.altered example.com/a v1.0.0");
    const words = ["modules", "remove", "--yes", "example.com/a@v1.0.0"];
    const forgotten = await finishedStoa(words, env);
    assert.equal(forgotten.code, 0, forgotten.stderr);
    assert.equal((await ask(`${scene.stoa.url}${filePath(good, "zip")}`)).status, 200);
  });
});
