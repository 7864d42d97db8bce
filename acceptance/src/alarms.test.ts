// The four alarms, each raised by a repository that is asked directly and by a proxy: in the log, in the metrics, and told.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, describe, test } from "node:test";
import { type ModuleFixture, moduleFixture } from "@stoa/gomod/testing";
import { fixtureProxy } from "@stoa/proxy/testing";
import {
  buildChecksumDatabase,
  ChecksumDatabaseProgram,
} from "./checksum-database/checksum-database.ts";
import { until } from "./testing/bounded-wait.ts";
import { type GitHost, git, gitHost, RepositoryDraft } from "./testing/git-host.ts";
import { ask } from "./testing/http-answer.ts";
import { filePath, smallModule } from "./testing/proxied-modules.ts";
import { said } from "./testing/said.ts";
import { finishedStoa, type StoaProcess, startStoa } from "./testing/stoa-process.ts";
import { ageVersions } from "./testing/stored-versions.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";
import { watchedStoa } from "./testing/watched-stoa.ts";

const gitIsMissing = spawnSync("git", ["version"]).error !== undefined && "there is no git here";
const gone = { status: 404, body: "not found: unknown revision" };
const built = buildChecksumDatabase();
after(() => built instanceof ChecksumDatabaseProgram && built[Symbol.dispose]());

async function fetched(stoa: StoaProcess, ...fixtures: readonly ModuleFixture[]): Promise<void> {
  for (const fixture of fixtures) {
    const answer = await ask(`${stoa.url}${filePath(fixture, "zip")}`);
    assert.equal(answer.status, 200, answer.text);
    assert.ok(answer.body.equals(Buffer.from(fixture.zip)), "what is kept stays");
  }
}

/** Another module under the same name, and what is said of it. */
function forged(path: string, version: string, info: object): Promise<ModuleFixture> {
  const said = JSON.stringify({ Version: version, Time: "2020-01-02T03:04:05Z", ...info });
  return moduleFixture(
    `module ${path}@${version}\n-- .info --\n${said}\n-- go.mod --\nmodule ${path}\n-- evil.go --\npackage evil\n`,
  );
}

/** Nothing that comes under this name is given out as if it were whole. */
async function refused(stoa: StoaProcess, fixture: ModuleFixture): Promise<void> {
  const answer = await ask(`${stoa.url}${filePath(fixture, "zip")}`);
  assert.ok(!answer.whole || answer.status >= 400, "forged bytes were given out as whole");
}

describe("behind a proxy", () => {
  test("a version that vanished, and a module that did, once each", async () => {
    const one = await smallModule("example.com/a", "v1.0.0");
    const two = await smallModule("example.com/a", "v1.1.0");
    await using upstream = await fixtureProxy([one, two]);
    await using scene = await watchedStoa(upstream.url);
    await fetched(scene.stoa, one, two);
    upstream.fail("/@v/v1.0.0", gone);
    upstream.fail("/@v/list", { status: 200, body: "v1.1.0\n" });
    for (let time = 0; time < 3; time += 1) await scene.refresh("example.com/a");
    await scene.raised("vanished", "example.com/a v1.0.0");
    await fetched(scene.stoa, one);
    upstream.fail("example.com/a", gone);
    for (let time = 0; time < 3; time += 1) await scene.refresh("example.com/a");
    await until("the module", () => scene.heard.includes("module.vanished example.com/a"));
    await fetched(scene.stoa, one, two);
  });

  test("a tag that was moved, as the Origin says of which a hook tells", async () => {
    const origin = (hash: string) => ({ Origin: { VCS: "git", Hash: hash.repeat(40) } });
    const before = await forged("example.com/a", "v1.0.0", origin("a"));
    await using upstream = await fixtureProxy([before]);
    await using scene = await watchedStoa(upstream.url);
    await fetched(scene.stoa, before);
    upstream.add(await forged("example.com/a", "v1.0.0", origin("b")));
    for (let time = 0; time < 3; time += 1) await scene.refresh("example.com/a@v1.0.0");
    await scene.raised("moved", "example.com/a v1.0.0");
    await fetched(scene.stoa, before);
  });

  test("bytes that changed, at a proxy that tells another time of the version", async () => {
    const before = await smallModule("example.com/a", "v1.0.0");
    await using upstream = await fixtureProxy([before]);
    await using scene = await watchedStoa(upstream.url);
    await fetched(scene.stoa, before);
    upstream.add(await forged("example.com/a", "v1.0.0", { Time: "2021-01-01T00:00:00Z" }));
    for (let time = 0; time < 3; time += 1) await scene.refresh("example.com/a@v1.0.0");
    await scene.raised("altered", "example.com/a v1.0.0");
    await fetched(scene.stoa, before);
  });

  test("another time of the same bytes is no alarm", async () => {
    const before = await smallModule("example.com/a", "v1.0.0");
    await using upstream = await fixtureProxy([before]);
    await using scene = await watchedStoa(upstream.url, { ATHENS_LOG_LEVEL: "debug" });
    await fetched(scene.stoa, before);
    const info = Buffer.from('{"Version":"v1.0.0","Time":"2021-01-01T00:00:00Z"}');
    upstream.add({ ...before, info });
    const zips = () =>
      upstream.requests.filter(({ path }) => path === filePath(before, "zip")).length;
    await scene.refresh("example.com/a@v1.0.0");
    await until("the second look at the zip", () => zips() === 2);
    await scene.refresh("example.com/a@v1.0.0");
    await scene.stoa.stop();
    assert.equal(zips(), 2, "once is enough");
    assert.deepEqual(
      scene.heard.filter((told) => !told.startsWith("module.stored")),
      [],
    );
  });

  test("bytes that changed without a word, when the crawler asks anew", async () => {
    const before = await smallModule("example.com/a", "v1.0.0");
    const other = await smallModule("example.com/b", "v1.0.0");
    await using root = await temporaryFolder();
    await using upstream = await fixtureProxy([before, other]);
    const first = await startStoa({ goproxy: upstream.url, root: root.path });
    await fetched(first, before, other);
    await first.stop();
    upstream.add(await forged("example.com/a", "v1.0.0", {}));
    const place = { ATHENS_DISK_STORAGE_ROOT: root.path };
    await using scene = await watchedStoa(upstream.url, {
      ...place,
      ...{ STOA_CRAWL_EVERY: "1", STOA_CRAWL_PACE: "0", STOA_CRAWL_RECHECK_DAYS: "1" },
    });
    await scene.raised("altered", "example.com/a v1.0.0");
    await fetched(scene.stoa, before, other);
    await scene.stoa.stop();

    const env = { ...place, GOPROXY: upstream.url, STOA_CRAWL_PACE: "0" };
    const told = await finishedStoa(["modules", "crawl", "--recheck"], env);
    assert.equal(told.code, 1, told.stderr);
    assert.match(told.stdout, /^changed example\.com\/a@v1\.0\.0$/m);
    assert.match(told.stdout, /2 asked about anew, 1 changed/);
    const asked = upstream.requests.length;
    assert.equal((await finishedStoa(["modules", "crawl"], env)).code, 0);
    const lists = upstream.requests.slice(asked).map(({ path }) => path);
    assert.ok(
      lists.every((path) => path.endsWith("/@v/list")),
      "nothing is asked anew by itself",
    );
  });

  test("bytes that changed after a version was removed to make room", async () => {
    const good = await smallModule("example.com/a", "v1.0.0");
    await using upstream = await fixtureProxy([good]);
    await using root = await temporaryFolder();
    const first = await startStoa({ goproxy: upstream.url, root: root.path });
    await fetched(first, good);
    await first.stop();
    const env = { GOPROXY: upstream.url, ATHENS_DISK_STORAGE_ROOT: root.path };
    await ageVersions(root.path);
    const rule = ["modules", "retain", "--age-days", "9", "--yes"];
    const retained = await finishedStoa(rule, env);
    assert.equal(retained.code, 0, retained.stderr);
    upstream.add(await forged("example.com/a", "v1.0.0", {}));
    await using scene = await watchedStoa(upstream.url, { ATHENS_DISK_STORAGE_ROOT: root.path });
    await refused(scene.stoa, good);
    await scene.raised("altered", "example.com/a v1.0.0");
    const words = ["modules", "remove", "--yes", "example.com/a@v1.0.0"];
    const forgotten = await finishedStoa(words, env);
    assert.equal(forgotten.code, 0, forgotten.stderr);
    assert.equal((await ask(`${scene.stoa.url}${filePath(good, "zip")}`)).status, 200);
  });

  test("a checksum mismatch", { skip: typeof built === "string" && built }, async () => {
    assert.ok(built instanceof ChecksumDatabaseProgram);
    const good = await smallModule("example.com/a", "v1.0.0");
    await using source = await fixtureProxy([good]);
    await using database = await built.start(source.url);
    await database.grow(3);
    await using upstream = await fixtureProxy([await forged("example.com/a", "v1.0.0", {})]);
    await using scene = await watchedStoa(upstream.url, { GOSUMDB: database.gosumdb });
    await refused(scene.stoa, good);
    await scene.raised("mismatch", "example.com/a v1.0.0");
  });
});

describe("at a repository", { skip: gitIsMissing }, () => {
  const place = "github.com/corp/tool";
  const zip = (stoa: StoaProcess, version: string) => ask(`${stoa.url}/${place}/@v/${version}.zip`);

  /** A repository with two versions of its module; `words` are in the first. */
  async function repository(host: GitHost, words: string): Promise<void> {
    const draft = new RepositoryDraft();
    draft.commit({ "go.mod": `module ${place}\n`, "tool.go": `package tool // ${words}\n` });
    draft.tag("v1.0.0");
    draft.commit({ "more.go": "package tool\n" });
    draft.tag("v1.1.0");
    await host.add(place, draft);
  }

  test("a tag that was moved, though it is not that of the latest version", async () => {
    await using host = await gitHost();
    await repository(host, "as it was");
    await using scene = await watchedStoa("direct", host.environment);
    const before = await zip(scene.stoa, "v1.0.0");
    assert.equal(before.status, 200, before.text);
    assert.equal((await zip(scene.stoa, "v1.1.0")).status, 200);
    await scene.refresh(place);
    const moved = (await git(host.folderOf(place), ["rev-parse", "v1.1.0"])).trim();
    await git(host.folderOf(place), ["update-ref", "refs/tags/v1.0.0", moved]);
    for (let time = 0; time < 3; time += 1) await scene.refresh(place);
    await scene.raised("moved", `${place} v1.0.0`);
    assert.deepEqual((await zip(scene.stoa, "v1.0.0")).body, before.body, "what is kept stays");
  });

  test("a tag that was removed", async () => {
    await using host = await gitHost();
    await repository(host, "as it was");
    await using scene = await watchedStoa("direct", host.environment);
    for (const version of ["v1.0.0", "v1.1.0"]) {
      assert.equal((await zip(scene.stoa, version)).status, 200);
    }
    await git(host.folderOf(place), ["update-ref", "-d", "refs/tags/v1.0.0"]);
    for (let time = 0; time < 3; time += 1) await scene.refresh(place);
    await scene.raised("vanished", `${place} v1.0.0`);
    assert.equal((await zip(scene.stoa, "v1.0.0")).status, 200);
  });

  test("bytes that changed after a version was removed to make room", async () => {
    await using host = await gitHost();
    await repository(host, "as it was");
    await using root = await temporaryFolder();
    const first = await startStoa({ goproxy: "direct", root: root.path, env: host.environment });
    assert.equal((await zip(first, "v1.0.0")).status, 200);
    await first.stop();
    const env = { ...host.environment, GOPROXY: "direct", ATHENS_DISK_STORAGE_ROOT: root.path };
    await ageVersions(root.path);
    const rule = ["modules", "retain", "--age-days", "9", "--even", "private", "--yes"];
    const retained = await finishedStoa(rule, env);
    assert.equal(retained.code, 0, retained.stderr);
    const moved = (await git(host.folderOf(place), ["rev-parse", "v1.1.0"])).trim();
    await git(host.folderOf(place), ["update-ref", "refs/tags/v1.0.0", moved]);
    await using scene = await watchedStoa("direct", {
      ...host.environment,
      ATHENS_DISK_STORAGE_ROOT: root.path,
    });
    await scene.refresh(place);
    const answer = await zip(scene.stoa, "v1.0.0");
    assert.ok(!answer.whole || answer.status >= 400, "other bytes were given out as whole");
    await scene.raised("altered", `${place} v1.0.0`);
  });

  test("a checksum mismatch", { skip: typeof built === "string" && built }, async () => {
    assert.ok(built instanceof ChecksumDatabaseProgram);
    await using host = await gitHost();
    await repository(host, "as it was");
    await using nothing = await fixtureProxy();
    await using database = await built.start(nothing.url);
    await database.grow(3);
    const hash = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    const lines = `${place} v1.0.0 ${hash}\n${place} v1.0.0/go.mod ${hash}\n`;
    await database.say(`${place}@v1.0.0`, lines);
    await using scene = await watchedStoa("direct", {
      ...host.environment,
      ...{ GOPRIVATE: "", GONOPROXY: "*", GOSUMDB: database.gosumdb },
    });
    const answer = await zip(scene.stoa, "v1.0.0");
    assert.ok(!answer.whole || answer.status >= 400, "other bytes were given out as whole");
    await until("the alarm", () => scene.heard.includes(`module.mismatch ${place} v1.0.0`));
    await said(scene.stoa, /"level":"error"[^\n]*"alarm":"mismatch"/);
    assert.match(
      (await ask(`${scene.stoa.url}/metrics`)).text,
      /^stoa_alarms_total\{alarm="mismatch"\} [1-9]/m,
    );
  });
});
