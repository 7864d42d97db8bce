// The crawler: everything that is new is fetched, nothing twice, at a bounded pace, and a broken-off crawl goes on.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { test } from "node:test";
import { until } from "./testing/bounded-wait.ts";
import { gitHost, RepositoryDraft } from "./testing/git-host.ts";
import { ask } from "./testing/http-answer.ts";
import { own } from "./testing/owned-processes.ts";
import { filePath, proxiedModules, smallModule } from "./testing/proxied-modules.ts";
import { programFile } from "./testing/repository.ts";
import { finishedStoa, shownStoa, startStoa } from "./testing/stoa-process.ts";
import { isWhole, versionsIn } from "./testing/stored-versions.ts";
import { noTerminal } from "./testing/terminal.ts";

const gitIsMissing = spawnSync("git", ["version"]).error !== undefined && "there is no git here";

async function keptIn(root: string): Promise<string[]> {
  const versions = await versionsIn(root);
  for (const version of versions) assert.ok(isWhole(version), version.folder);
  return versions.map(({ folder }) => folder).toSorted();
}

/** 120 tags: versions of four modules, and names that are no versions of any. */
function manyTags(): { draft: RepositoryDraft; expected: string[] } {
  const draft = new RepositoryDraft();
  draft.commit({
    "go.mod": "module github.com/Corp/many\n",
    "many.go": "package many\n",
    "sub/go.mod": "module github.com/Corp/many/sub\n",
    "sub/deep/go.mod": "module github.com/Corp/many/sub/deep\n",
    "v2/go.mod": "module github.com/Corp/many/v2\n",
  });
  const expected: string[] = [];
  const tag = (name: string, folder: string | undefined): void => {
    draft.tag(name);
    if (folder !== undefined) expected.push(`github.com/Corp/many${folder}`);
  };
  for (let n = 0; n < 50; n++) tag(`v1.${n}.0`, `/v1.${n}.0`);
  for (let n = 0; n < 20; n++) tag(`v2.0.${n}`, `/v2/v2.0.${n}`);
  for (let n = 0; n < 20; n++) tag(`sub/v0.${n}.0`, `/sub/v0.${n}.0`);
  for (let n = 0; n < 10; n++) tag(`sub/deep/v0.1.${n}`, `/sub/deep/v0.1.${n}`);
  for (let n = 0; n < 10; n++) tag(`release-${n}`, undefined);
  for (let n = 0; n < 5; n++) tag(`v9.${n}`, undefined);
  for (let n = 0; n < 5; n++) tag(`other/v1.0.${n}`, undefined);
  return { draft, expected: expected.toSorted() };
}

test("after one crawl of a repository with 120 tags everything is kept, and a second fetches nothing", {
  skip: gitIsMissing,
}, async () => {
  await using host = await gitHost();
  const { draft, expected } = manyTags();
  await host.add("github.com/Corp/many", draft);
  const env = { ...host.environment, STOA_CRAWL_PACE: "0" };
  await using stoa = await startStoa({ goproxy: "direct", env });
  const base = `${stoa.url}/github.com/!corp/many`;
  for (const file of [
    "@v/v1.0.0.zip",
    "v2/@v/v2.0.0.zip",
    "sub/@v/v0.0.0.zip",
    "sub/deep/@v/v0.1.0.zip",
  ]) {
    assert.equal((await ask(`${base}/${file}`)).status, 200, file);
  }
  await stoa.stop();
  const crawl = { ...env, GOPROXY: "direct", ATHENS_DISK_STORAGE_ROOT: stoa.root };
  const first = await finishedStoa(["modules", "crawl"], crawl);
  assert.equal(first.code, 0, first.stderr);
  assert.deepEqual(await keptIn(stoa.root), expected);
  assert.match(first.stdout, /^4 modules asked about, 96 versions fetched, 0 refused/m);
  const second = await finishedStoa(["modules", "crawl"], crawl);
  assert.equal(second.code, 0, second.stderr);
  assert.equal(
    second.stdout.trim(),
    "4 modules asked about, 0 versions fetched, 0 refused by policy, 0 failures",
  );
});

async function crawledScene(env: Readonly<Record<string, string>> = {}) {
  const modules = await Promise.all(
    ["a", "b"].flatMap((name) =>
      Array.from({ length: 8 }, (_, n) => smallModule(`example.com/${name}`, `v1.${n}.0`)),
    ),
  );
  const scene = await proxiedModules(modules);
  for (const { module } of modules.filter(({ module }) => module.version === "v1.3.0")) {
    const answer = await ask(`${scene.stoa.url}/${module.path}/@v/v1.3.0.zip`);
    assert.equal(answer.status, 200);
  }
  await scene.stoa.stop();
  const variables = {
    GOPROXY: scene.upstream.url,
    ATHENS_DISK_STORAGE_ROOT: scene.stoa.root,
    STOA_CRAWL_PACE: "0",
    ...env,
  };
  return { scene, modules, variables };
}

const isFetch = (path: string): boolean => /\.(info|mod|zip)$/.test(path);

test("on a terminal a crawl shows how far it is, and leaves only what it found", {
  skip: noTerminal,
}, async () => {
  const { scene, variables } = await crawledScene();
  await using _scene = scene;
  scene.upstream.fail("/example.com/a/@v/v1.5.0.zip", { status: 410, body: "not found: gone" });
  const { code, written, passing, lines } = await shownStoa(["modules", "crawl"], variables);
  assert.equal(code, 1, written);
  assert.ok(passing.length > 0, written);
  for (const text of passing) {
    assert.match(text, /^[12] modules, \d+ fetched, [01] failed: example\.com\/[ab]$/);
  }
  const fetched = lines.filter((line) => /^fetched example\.com\/[ab]@v1\.[0-7]\.0$/.test(line));
  assert.equal(fetched.length, 13, written);
  const [failure, summary, ...more] = lines.filter((line) => !fetched.includes(line));
  assert.match(failure ?? "", /^stoa: example\.com\/a@v1\.5\.0: .*gone/);
  assert.match(
    summary ?? "",
    /^2 modules asked about, 13 versions fetched, 0 refused by policy, 1 failures$/,
  );
  assert.deepEqual(more, [], written);
});

test("only versions that are newer, and only modules of a pattern, are fetched if that is wanted", async () => {
  const { scene, variables } = await crawledScene();
  await using _scene = scene;
  const words = ["modules", "crawl", "--newer", "--modules", "example.com/a"];
  const crawled = await finishedStoa(words, variables);
  assert.equal(crawled.code, 0, crawled.stderr);
  const newer = [3, 4, 5, 6, 7].map((n) => `example.com/a/v1.${n}.0`);
  assert.deepEqual(await keptIn(scene.stoa.root), [...newer, "example.com/b/v1.3.0"]);
});

test("a crawl that cannot get everything says what, goes on with the rest and ends with exit code 1", async () => {
  const { scene, variables } = await crawledScene();
  await using _scene = scene;
  scene.upstream.fail("/example.com/a/@v/v1.5.0.zip", { status: 410, body: "not found: gone" });
  const crawled = await finishedStoa(["modules", "crawl"], variables);
  assert.equal(crawled.code, 1);
  assert.match(crawled.stderr, /example\.com\/a@v1\.5\.0: .*gone/);
  assert.equal((await keptIn(scene.stoa.root)).length, 15);
  assert.match(crawled.stdout, /13 versions fetched, 0 refused by policy, 1 failures/);
  const before = scene.upstream.requests.length;
  const second = await finishedStoa(["modules", "crawl"], variables);
  assert.equal(second.code, 0, second.stderr);
  assert.match(second.stdout, /0 versions fetched.* 1 passed over that failed before/);
  const asked = scene.upstream.requests.slice(before).map(({ path }) => path);
  assert.deepEqual(asked.toSorted(), ["/example.com/a/@v/list", "/example.com/b/@v/list"]);
});

test("what the download mode forbids is not fetched", async () => {
  const { scene, variables } = await crawledScene();
  await using _scene = scene;
  const before = scene.upstream.requests.length;
  const crawled = await finishedStoa(["modules", "crawl"], {
    ...variables,
    ATHENS_DOWNLOAD_MODE: "none",
  });
  assert.equal(crawled.code, 0, crawled.stderr);
  assert.equal(scene.upstream.requests.slice(before).filter(({ path }) => isFetch(path)).length, 0);
});

test("a crawl that is killed is gone on with, and nothing that is kept is fetched again", async () => {
  const { scene, modules, variables } = await crawledScene({ STOA_LEASE_TTL: "5" });
  await using _scene = scene;
  scene.upstream.fail("/example.com/b/@v/v1.5.0.zip", { hang: true, times: 1 });
  const child = own(
    spawn(process.execPath, [programFile, "modules", "crawl"], {
      stdio: "ignore",
      env: {
        PATH: process.env["PATH"],
        HOME: scene.stoa.root,
        GOENV: "off",
        GOSUMDB: "off",
        ...variables,
      },
    }),
  );
  await scene.upstream.requested("/example.com/b/@v/v1.5.0.zip");
  child.kill("SIGKILL");
  await once(child, "close");
  const kept = await keptIn(scene.stoa.root);
  assert.ok(kept.length < modules.length);
  const before = scene.upstream.requests.length;
  // The lease of the dead crawler ends by itself.
  const crawled = await until("the right to crawl", async () => {
    const attempt = await finishedStoa(["modules", "crawl"], variables);
    return /another crawler/.test(attempt.stderr) ? undefined : attempt;
  });
  assert.equal(crawled.code, 0, crawled.stderr);
  assert.equal((await keptIn(scene.stoa.root)).length, modules.length);
  const fetched = scene.upstream.requests.slice(before).filter(({ path }) => path.endsWith(".zip"));
  assert.equal(fetched.length, modules.length - kept.length);
});

test("no host is asked faster than the pace allows", async () => {
  const { scene, variables } = await crawledScene();
  await using _scene = scene;
  const before = scene.upstream.requests.length;
  const crawled = await finishedStoa(["modules", "crawl"], { ...variables, STOA_CRAWL_PACE: "40" });
  assert.equal(crawled.code, 0, crawled.stderr);
  const asked = scene.upstream.requests.slice(before).map(({ atMs }) => atMs);
  assert.ok(asked.length >= 2 + 14 * 3, `${asked.length} requests`);
  // A bound from below, at the upstream: whoever keeps the pace cannot be sooner, however fast the machine. The three
  // files of the last version come together, and a request may have been on its way for an interval; one that was for
  // longer tells nothing, so that it is enough to keep the pace since one of the first half.
  const last = asked.at(-1) ?? 0;
  const tookMs = asked.slice(0, asked.length / 2).map((atMs) => last - atMs);
  assert.ok(
    tookMs.some((ms, at) => ms >= (asked.length - 4 - at) * 40),
    `${asked.length} requests, the last one so many ms after the others: ${tookMs.join(" ")}`,
  );
});

test("a host that turns requests away is left alone for a while, and then gone on with", async () => {
  const { scene, variables } = await crawledScene({ STOA_CRAWL_REST: "1" });
  await using _scene = scene;
  scene.upstream.fail("/example.com/b/@v/list", { status: 403, body: "too many", times: 1 });
  const crawled = await finishedStoa(["modules", "crawl"], variables);
  assert.equal(crawled.code, 0, crawled.stderr);
  assert.equal((await keptIn(scene.stoa.root)).length, 16);
  const refused = scene.upstream.requests.filter(({ path }) => path === "/example.com/b/@v/list");
  assert.equal(refused.length, 2);
  assert.ok((refused[1]?.atMs ?? 0) - (refused[0]?.atMs ?? 0) >= 990, "a second has passed");
});

test("an upstream that is down is not asked about everything", async () => {
  const { scene, variables } = await crawledScene({ STOA_CRAWL_REST: "0" });
  await using _scene = scene;
  scene.upstream.fail(/./, { status: 500 });
  const before = scene.upstream.requests.length;
  const crawled = await finishedStoa(["modules", "crawl"], variables);
  assert.equal(crawled.code, 1);
  assert.match(crawled.stdout, /0 modules asked about, 0 versions fetched/);
  assert.ok(scene.upstream.requests.length - before <= 10);
  assert.equal((await keptIn(scene.stoa.root)).length, 2);
});

test("a feed tells of new versions of kept modules, from where it was read last", async () => {
  const { scene, variables } = await crawledScene();
  await using _scene = scene;
  const Timestamp = "2100-01-01T00:00:00.000000Z";
  const line = { Path: "example.com/a", Version: "v1.9.0", Timestamp };
  const feed = `no line\n${JSON.stringify(line)}\n`;
  scene.upstream.add(await smallModule("example.com/a", "v1.9.0"));
  scene.upstream.fail("/index?since", { status: 200, body: feed });
  scene.upstream.fail(/@v\/list$/, { status: 200, body: "v1.3.0\n" });
  const env = { ...variables, STOA_CRAWL_FEEDS: `${scene.upstream.url}/index` };
  const crawled = await finishedStoa(["modules", "crawl"], env);
  assert.equal(crawled.code, 0, crawled.stderr);
  assert.match(crawled.stdout, /^fetched example\.com\/a@v1\.9\.0$/m);
  assert.match(crawled.stdout, / 1 versions fetched/);
  await finishedStoa(["modules", "crawl"], env);
  const asked = scene.upstream.requests.filter(({ path }) => path.startsWith("/index?since"));
  assert.match(asked.at(-1)?.path ?? "", /since=2100-01-01T00:00:00\.000000Z&/);
  const zips = scene.upstream.requests.filter(({ path }) => path.endsWith("v1.9.0.zip"));
  assert.equal(zips.length, 1);
});

test("a feed is read to its last page", async () => {
  const { scene, variables } = await crawledScene();
  await using _scene = scene;
  const entry = (Path: string, Version: string, Timestamp: string): string =>
    `${JSON.stringify({ Path, Version, Timestamp })}\n`;
  const [pageEnd, last] = ["2100-01-01T00:00:00.000000Z", "2100-01-02T00:00:00.000000Z"];
  const others = Array.from({ length: 2000 }, (_, n) =>
    entry(`example.com/other${n}`, "v1.0.0", pageEnd),
  );
  scene.upstream.add(await smallModule("example.com/a", "v1.9.0"));
  scene.upstream.fail(/@v\/list$/, { status: 200, body: "v1.3.0\n" });
  scene.upstream.fail("/index?since", { status: 200, body: others.join("") });
  const second = entry("example.com/a", "v1.9.0", last);
  scene.upstream.fail(/since=2100-01-01T00(:|%3A)00/, { status: 200, body: second });
  const env = { ...variables, STOA_CRAWL_FEEDS: `${scene.upstream.url}/index` };
  const crawled = await finishedStoa(["modules", "crawl"], env);
  assert.equal(crawled.code, 0, crawled.stderr);
  assert.match(crawled.stdout, /^fetched example\.com\/a@v1\.9\.0$/m);
});

test("only modules that were used lately are crawled if that is wanted", async () => {
  const { scene, variables } = await crawledScene();
  await using _scene = scene;
  const words = ["modules", "crawl", "--used-days", "1"];
  const crawled = await finishedStoa(words, variables);
  assert.match(crawled.stdout, /^2 modules asked about/m);
  const nobody = await finishedStoa(words, { ...variables, STOA_STATE: "memory" });
  assert.match(nobody.stdout, /^0 modules asked about/m);
});

test("serve crawls by itself", async () => {
  const older = await smallModule("example.com/small", "v1.0.0");
  const newer = await smallModule("example.com/small", "v1.1.0");
  await using scene = await proxiedModules([older, newer], {
    env: { STOA_CRAWL_EVERY: "1", STOA_CRAWL_PACE: "0" },
  });
  assert.equal((await ask(`${scene.stoa.url}${filePath(older, "zip")}`)).status, 200);
  await scene.upstream.requested("/example.com/small/@v/v1.1.0.zip");
  await until("it is counted", async () => {
    const metrics = (await ask(`${scene.stoa.url}/metrics`)).text;
    return (
      /^stoa_crawl_events_total\{event="fetched"\} 1$/m.test(metrics) &&
      /^stoa_crawl_ended_timestamp_seconds [1-9]/m.test(metrics)
    );
  });
});
