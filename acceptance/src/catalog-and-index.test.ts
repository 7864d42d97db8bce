// What is kept and in which order it came, page by page; and what the policy says, for administrators.
import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { ModuleFixture } from "@stoa/gomod/testing";
import { noPostgres, startPostgres } from "@stoa/proxy/testing";
import { until } from "./testing/bounded-wait.ts";
import { ask } from "./testing/http-answer.ts";
import { filePath, proxiedModules, smallModule } from "./testing/proxied-modules.ts";
import { type StoaProcess, startStoa } from "./testing/stoa-process.ts";
import { type TemporaryFolder, temporaryFolder } from "./testing/temporary-folder.ts";

interface CatalogBody {
  readonly modules: readonly { readonly module: string; readonly version: string }[];
  readonly next?: string;
}

interface IndexLine {
  readonly Path: string;
  readonly Version: string;
  readonly Timestamp: string;
}

/** A version as Athens leaves it on disk. */
async function leaveVersion(root: string, path: string, version: string): Promise<void> {
  const folder = join(root, path, version);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "go.mod"), `module ${path}\n`);
  await writeFile(join(folder, "source.zip"), "zip");
  await writeFile(join(folder, `${version}.info`), JSON.stringify({ Version: version }));
}

async function indexLines(stoa: StoaProcess, query = ""): Promise<IndexLine[]> {
  const answer = await ask(`${stoa.url}/index${query}`);
  assert.equal(answer.status, 200, answer.text);
  const lines = answer.text.split("\n");
  assert.equal(lines.pop(), "");
  return lines.map((line) => JSON.parse(line) as IndexLine);
}

describe("2,500 versions that another program has kept", () => {
  const count = 2500;
  let folder: TemporaryFolder;
  let stoa: StoaProcess;
  const names = new Set<string>();

  before(async () => {
    folder = await temporaryFolder();
    // Few modules with many versions and many with few; names that sort differently with and without their slashes.
    for (let index = 0; index < count; index++) {
      const path =
        index % 2 === 0 ? `example.com/m${index % 7}` : `example.com/Team-${index % 31}/x${index}`;
      const version =
        index % 5 === 0
          ? `v0.0.0-20200102030405-${String(index).padStart(12, "0")}`
          : `v1.${index}.0`;
      names.add(`${path}@${version}`);
      await leaveVersion(folder.path, path, version);
    }
    assert.equal(names.size, count);
    const env = { ATHENS_PATH_PREFIX: "/go" };
    stoa = await startStoa({ goproxy: "off", root: folder.path, env });
  });
  after(async () => {
    await stoa[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  for (const [query, pages] of [
    ["pagesize=1000&", 3],
    ["", 3],
    ["pagesize=7&", 358],
    ["pagesize=2500&", 1],
  ] as const) {
    test(`are in the catalog once, in ${pages} pages with ${query || "no size"}`, async () => {
      const seen: string[] = [];
      let asked = 0;
      for (let token = ""; ; ) {
        const answer = await ask(`${stoa.url}/catalog?${query}token=${encodeURIComponent(token)}`);
        asked += 1;
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.headers["content-type"], "application/json; charset=utf-8");
        assert.match(answer.text, /^\{"modules":\[.*\n$/);
        const body = JSON.parse(answer.text) as CatalogBody;
        seen.push(...body.modules.map(({ module, version }) => `${module}@${version}`));
        if (body.next === undefined) break;
        token = body.next;
      }
      assert.equal(seen.length, count);
      assert.deepEqual(new Set(seen), names);
      assert.equal(asked, pages);
    });
  }

  test("come into the index by themselves, in the order of their times, and can be read in pages", async () => {
    await until(
      "the whole index",
      async () => (await indexLines(stoa, "?limit=3000")).length === count,
    );
    const all = await indexLines(stoa, "?limit=3000");
    const times = all.map(({ Timestamp }) => Timestamp);
    assert.deepEqual(times, times.toSorted());
    assert.equal(new Set(times).size, count);
    assert.deepEqual(new Set(all.map(({ Path, Version }) => `${Path}@${Version}`)), names);
    assert.equal((await indexLines(stoa)).length, 2000);
    const paged: IndexLine[] = [];
    for (let since = "1970-01-01T00:00:00Z"; ; ) {
      const page = await indexLines(stoa, `?limit=600&since=${since}`);
      const news = page.filter(
        ({ Timestamp }) => !paged.some((known) => known.Timestamp === Timestamp),
      );
      paged.push(...news);
      if (page.length < 600) break;
      since = page.at(-1)!.Timestamp;
    }
    assert.deepEqual(paged, all);
  });

  for (const query of [
    "catalog?pagesize=abc",
    "catalog?pagesize=0",
    "catalog?pagesize=-1",
    "catalog?token=nonsense",
    "index?limit=0",
    "index?limit=1.5",
    "index?since=yesterday",
  ]) {
    test(`${query} is a bad request, with a sentence`, async () => {
      const answer = await ask(`${stoa.url}/${query}`);
      assert.equal(answer.status, 400);
      assert.match(answer.text, /^bad request: .+\n$/);
    });
  }
});

describe("the index", () => {
  const scene = (
    fixtures: readonly ModuleFixture[],
    env: Record<string, string> = {},
    root?: string,
  ) => proxiedModules(fixtures, { env, ...(root === undefined ? {} : { root }) });

  test("knows a version when it is kept, and only then; also after a restart, and if its file is lost", async () => {
    await using folder = await temporaryFolder();
    const fixtures = [
      await smallModule("example.com/LOUD", "v1.0.0"),
      await smallModule("example.com/m", "v1.0.0-RC1"),
    ];
    const before = new Date().toISOString();
    {
      await using first = await scene(fixtures, {}, folder.path);
      await ask(`${first.stoa.url}${filePath(fixtures[0]!, "mod")}`);
      assert.deepEqual(await indexLines(first.stoa), []);
      for (const fixture of fixtures) await ask(`${first.stoa.url}${filePath(fixture, "zip")}`);
      await until("both", async () => (await indexLines(first.stoa)).length === 2);
      const [one, two] = (await indexLines(first.stoa)) as [IndexLine, IndexLine];
      assert.deepEqual([one.Path, two.Version], ["example.com/LOUD", "v1.0.0-RC1"]);
      assert.ok(one.Timestamp > before && one.Timestamp < two.Timestamp);
      assert.deepEqual(await indexLines(first.stoa, `?since=${two.Timestamp}`), [two]);
      const offset = two.Timestamp.replace("Z", "%2B00:00");
      assert.deepEqual(await indexLines(first.stoa, `?since=${offset}`), [two]);
      await first.stoa.kill();
    }
    {
      await using second = await scene(fixtures, {}, folder.path);
      assert.equal((await indexLines(second.stoa)).length, 2);
      assert.equal((await second.stoa.stop()).code, 0);
    }
    for (const name of ["state.sqlite", "state.sqlite-wal", "state.sqlite-shm"]) {
      await rm(join(folder.path, ".stoa", name), { force: true });
    }
    await using third = await scene(fixtures, {}, folder.path);
    await until("both again", async () => (await indexLines(third.stoa)).length === 2);
  });

  test("is empty with ATHENS_INDEX_TYPE=none, and lives in memory with memory", async () => {
    const small = await smallModule("example.com/m", "v1.0.0");
    for (const [kind, lines] of [
      ["none", 0],
      ["memory", 1],
    ] as const) {
      await using one = await scene([small], { ATHENS_INDEX_TYPE: kind });
      await ask(`${one.stoa.url}${filePath(small, "zip")}`);
      if (lines > 0)
        await until("the line", async () => (await indexLines(one.stoa)).length === lines);
      assert.equal((await indexLines(one.stoa)).length, lines);
    }
  });

  test("is kept in PostgreSQL, as state and in Athens' table", { skip: noPostgres }, async () => {
    await using server = await startPostgres();
    const { port } = new URL(server.url);
    const small = await smallModule("example.com/m", "v1.0.0");
    for (const env of [
      { STOA_STATE: server.url },
      {
        ATHENS_INDEX_TYPE: "postgres",
        ATHENS_INDEX_POSTGRES_HOST: "127.0.0.1",
        ATHENS_INDEX_POSTGRES_PORT: port,
        ATHENS_INDEX_POSTGRES_USER: "stoa",
        ATHENS_INDEX_POSTGRES_DATABASE: "postgres",
      },
    ]) {
      await using one = await scene([small], env);
      await ask(`${one.stoa.url}${filePath(small, "zip")}`);
      await until("the line", async () => (await indexLines(one.stoa)).length === 1);
      assert.equal((await one.stoa.stop()).code, 0);
    }
  });

  test("and the catalog tell about memory storage as well", async () => {
    const small = await smallModule("example.com/m", "v1.0.0");
    await using one = await scene([small], { ATHENS_STORAGE_TYPE: "memory" });
    await ask(`${one.stoa.url}${filePath(small, "zip")}`);
    await until("the line", async () => (await indexLines(one.stoa)).length === 1);
    const { text } = await ask(`${one.stoa.url}/catalog`);
    assert.equal(text, '{"modules":[{"module":"example.com/m","version":"v1.0.0"}]}\n');
  });
});

describe("/api/modules/explain", () => {
  const path = "/api/modules/explain?module=example.com/m@v1.0.0";
  const bearer = (token: string) => ({ headers: { Authorization: `Bearer ${token}` } });
  const basic = (account: string) => ({
    headers: { Authorization: `Basic ${Buffer.from(account).toString("base64")}` },
  });

  test("tells administrators what stoa modules explain tells, and nobody else", async () => {
    const env = {
      STOA_ADMIN_API: "true",
      STOA_ADMIN_TOKEN: "open-sesame",
      BASIC_AUTH_USER: "reader",
      BASIC_AUTH_PASS: "pass",
      ATHENS_DOWNLOAD_MODE: "none",
    };
    await using stoa = await startStoa({ goproxy: "off", env, prefix: "/go" });
    const answer = await ask(`${stoa.url}${path}`, bearer("open-sesame"));
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.headers["cache-control"], "no-store");
    const { module, version, decisions } = JSON.parse(answer.text);
    assert.deepEqual([module, version, decisions[0].notKept], ["example.com/m", "v1.0.0", "404"]);
    assert.ok(
      decisions[0].because.some(
        ({ says }: { says: string }) => says === "none, by ATHENS_DOWNLOAD_MODE",
      ),
    );
    for (const wrong of ["", "?module=", "?module=not%20a%20module"]) {
      const url = `${stoa.url}/api/modules/explain${wrong}`;
      assert.equal((await ask(url, bearer("open-sesame"))).status, 400);
    }
    for (const spelling of [
      path,
      path.replace("api", "%61pi"),
      path.replace("modules", "%6dodules"),
    ]) {
      for (const question of [{}, bearer("open"), basic("reader:pass"), basic("reader:wrong")]) {
        const refused = await ask(`${stoa.url}${spelling}`, question);
        assert.equal(refused.status, 401, spelling);
        assert.doesNotMatch(refused.text, /none/);
      }
    }
    await stoa.stop();
    assert.ok(!stoa.output().includes("open-sesame"));
  });

  test("is for the account where there is no token of administrators", async () => {
    const env = { STOA_ADMIN_API: "true", BASIC_AUTH_USER: "reader", BASIC_AUTH_PASS: "pass" };
    await using stoa = await startStoa({ goproxy: "off", env });
    assert.equal((await ask(`${stoa.url}${path}`)).status, 401);
    assert.equal((await ask(`${stoa.url}${path}`, basic("reader:pass"))).status, 200);
  });

  test("is not there unless it is opened", async () => {
    await using stoa = await startStoa({ goproxy: "off" });
    assert.equal((await ask(`${stoa.url}${path}`)).status, 404);
  });
});
