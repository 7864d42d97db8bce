// What keeps a store in bounds, as its users meet it: retention, registered go.sum files, the trash and a quota.
import assert from "node:assert/strict";
import { readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { ModuleFixture } from "@stoa/gomod/testing";
import { type FixtureProxy, fixtureProxy } from "@stoa/proxy/testing";
import { until } from "./testing/bounded-wait.ts";
import type { FinishedProgram } from "./testing/finished-program.ts";
import { ask } from "./testing/http-answer.ts";
import { readMetrics } from "./testing/metrics-text.ts";
import { filePath, largeModule, proxiedModules, smallModule } from "./testing/proxied-modules.ts";
import { finishedStoa, type StoaProcess, startStoa } from "./testing/stoa-process.ts";
import { ageVersions, isWhole, versionsIn } from "./testing/stored-versions.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

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
  await ageVersions(root);
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

test("what was removed can be had back for STOA_TRASH_DAYS, and not at all with none", async () => {
  const fixtures = await Promise.all(
    ["a", "b"].map((name) => smallModule(`example.com/${name}`, "v1.0.0")),
  );
  await using scene = await oldStore(fixtures);
  const env = { GOPROXY: scene.upstream.url, ATHENS_DISK_STORAGE_ROOT: scene.root };
  const remove = ["modules", "remove", "--yes", "example.com/a"];
  const removed = await finishedStoa(remove, { ...env, STOA_TRASH_DAYS: "0" });
  assert.match(removed.stdout, /1 versions removed, they are gone/);
  assert.equal((await scene.modules("trash")).stdout, "");
  assert.equal((await scene.modules("remove", "--yes", "example.com/b")).code, 0);
  assert.match((await scene.modules("trash")).stdout, /^example\.com\/b@v1\.0\.0 /);

  // Removed nine days ago, as the names in the trash say.
  const trash = join(scene.root, ".stoa", "trash");
  for (const name of await readdir(trash)) {
    const [ms = "", ...rest] = name.split("-");
    const older = [Number(ms) - 9 * 86_400_000, ...rest].join("-");
    await rename(join(trash, name), join(trash, older));
  }
  assert.match((await scene.modules("trash")).stdout, /^example\.com\/b@v1\.0\.0 /);
  await using _stoa = await startStoa({ goproxy: scene.upstream.url, root: scene.root });
  await until("the trash to be emptied", async () => (await scene.modules("trash")).stdout === "");
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

test("at 90 % of its quota a storage warns and gives nothing up", async () => {
  const small = await smallModule("example.com/small", "v1.0.0");
  await using scene = await oldStore([small]);
  await writeFile(join(scene.root, ".stoa", "other"), Buffer.alloc(37 << 20, 1));
  const env = { STOA_DISK_QUOTA: "40" };
  await using stoa = await startStoa({ goproxy: scene.upstream.url, root: scene.root, env });
  await until("the warning", () => /the storage is 9[2-4] % full: /.test(stoa.output()));
  assert.match(stoa.output(), /"level":"warn"[^\n]*the storage is 9/);
  assert.doesNotMatch(stoa.output(), /room was made/);
  assert.deepEqual(await kept(scene.root), ["example.com/small/v1.0.0"]);
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
