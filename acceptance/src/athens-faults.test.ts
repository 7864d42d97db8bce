// The faults of Athens that were found by reading its code, each by its name: none of them is here.
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, test } from "node:test";
import type { ModuleFixture } from "@stoa/gomod/testing";
import { type FixtureProxy, fixtureProxy } from "@stoa/proxy/testing";
import { until } from "./testing/bounded-wait.ts";
import { ask, type HttpAnswer, type HttpQuestion } from "./testing/http-answer.ts";
import { filePath, smallModule } from "./testing/proxied-modules.ts";
import { repositoryRoot } from "./testing/repository.ts";
import { finishedStoa, type StoaProcess, startStoa } from "./testing/stoa-process.ts";
import { type TemporaryFolder, temporaryFolder } from "./testing/temporary-folder.ts";

const sample = join(repositoryRoot, "stoa/src/config/testing/athens-sample.toml");

/** A version, or a part of one, as Athens leaves it on disk. */
async function leave(root: string, name: string, files: readonly string[]): Promise<void> {
  const [path = "", version = ""] = name.split("@");
  const folder = join(root, path, version);
  await mkdir(folder, { recursive: true });
  for (const file of files) await writeFile(join(folder, file), file);
}

/** Names whose order differs with the order of folders, and older versions behind newer ones. */
const catalogued = [
  "example.com/a@v1.9.0",
  "example.com/a-b@v1.0.0",
  "example.com/a-b@v0.0.0-20200102030405-abcdefabcdef",
  "example.com/a/b@v0.1.0",
  "example.com/a/b@v2.0.0+incompatible",
  "example.com/A@v1.5.0",
  "example.com/a.b@v0.9.0",
  "example.com/a/b/v2@v2.0.0",
  "example.com/z@v0.0.1",
];

const filter = `+
- example.com/lower <v1.2.3
- example.com/patches ~1.2.3
- example.com/later ^1.2.3
-  example.com/spaced
D example.com/elsewhere
`;

const downloadFile = `mode = "sync"
downloadURL = ""
download "example.com/redirected" {
  mode = "redirect"
  downloadURL = "https://proxy.example/base"
}
download "example.com/nowhere" {
  mode = "redirect"
}
`;

const versions = ["v1.2.2", "v1.2.3", "v1.2.9", "v1.3.0"];

describe("what Athens gets wrong, in one Stoa with everything that Athens can be told", () => {
  let folder: TemporaryFolder;
  let upstream: FixtureProxy;
  let stoa: StoaProcess;
  const account = { Authorization: `Basic ${Buffer.from("reader:pass").toString("base64")}` };

  before(async () => {
    folder = await temporaryFolder();
    const root = join(folder.path, "kept");
    for (const name of catalogued) {
      const version = name.slice(name.indexOf("@") + 1);
      await leave(root, name, ["go.mod", "source.zip", `${version}.info`]);
    }
    // More than a thousand files in a row, none of them an .info: a page of an object store, and nothing in it.
    for (let index = 0; index < 600; index++) {
      await leave(root, `example.com/half@v1.${index}.0`, ["go.mod", "source.zip"]);
    }
    await writeFile(join(folder.path, "filter.txt"), filter);
    await writeFile(join(folder.path, "home.html"), "<p>{{ .Host }}{{ range }}</p>");
    upstream = await fixtureProxy(await Promise.all(served.map((name) => moduleOf(name))));
    const env = {
      ATHENS_FILTER_FILE: join(folder.path, "filter.txt"),
      ATHENS_GLOBAL_ENDPOINT: "https://global.example/",
      ATHENS_DOWNLOAD_MODE: `custom:${Buffer.from(downloadFile).toString("base64")}`,
      ATHENS_HOME_TEMPLATE_PATH: join(folder.path, "home.html"),
      BASIC_AUTH_USER: "reader",
      BASIC_AUTH_PASS: "pass",
    };
    stoa = await startStoa({ goproxy: upstream.url, root, env, prefix: "/prefix" });
  });
  after(async () => {
    await stoa[Symbol.asyncDispose]();
    await upstream[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const served = ["lower", "patches", "later"].flatMap((name) =>
    versions.map((version) => `example.com/${name}@${version}`),
  );
  const get = (path: string, question: HttpQuestion = {}): Promise<HttpAnswer> =>
    ask(`${stoa.url}${path}`, { ...question, headers: { ...account, ...question.headers } });
  /** Which of the versions that are served the filter lets through. */
  const allowed = async (name: string): Promise<readonly string[]> => {
    const found: string[] = [];
    for (const version of versions) {
      const { status } = await get(`/example.com/${name}/@v/${version}.mod`);
      assert.ok(status === 200 || status === 403, `${status}`);
      if (status === 200) found.push(version);
    }
    return found;
  };
  const catalog = async (pageSize: number): Promise<readonly string[]> => {
    const seen: string[] = [];
    // Twice as many pages as there can be: a paging that does not end fails instead of hanging.
    for (let page = 0, token = ""; page < 2 * catalogued.length + 2; page++) {
      const query = `pagesize=${pageSize}&token=${encodeURIComponent(token)}`;
      const { text } = await get(`/catalog?${query}`);
      const { modules, next = "" } = JSON.parse(text) as {
        modules: { module: string; version: string }[];
        next?: string;
      };
      seen.push(...modules.map(({ module, version }) => `${module}@${version}`));
      if (next === "") return seen;
      token = next;
    }
    throw new Error(`the catalog does not end: ${seen.length} entries`);
  };

  test("disk catalog paging loses entries", async () => {
    for (const size of [1, 2, 3, 1000]) {
      const seen = await catalog(size);
      assert.equal(seen.length, catalogued.length);
      assert.deepEqual(new Set(seen), new Set(catalogued));
    }
  });

  test("S3 catalog infinite loop: a page's worth of files without an .info ends no catalog, and no catalog turns in it", async () => {
    const seen = await catalog(5);
    assert.ok(seen.includes("example.com/z@v0.0.1"), "what comes behind them");
    assert.ok(!seen.some((name) => name.startsWith("example.com/half")));
  });

  test("empty downloadURL redirect loop", async () => {
    const answer = await get("/example.com/nowhere/@v/v1.0.0.info");
    assert.equal(answer.status, 403);
    assert.equal(answer.headers.location, undefined);
    assert.match(answer.text, /no downloadURL says where to/);
  });

  test("`<` qualifier inclusive", async () => {
    assert.deepEqual(await allowed("lower"), ["v1.2.3", "v1.2.9", "v1.3.0"]);
  });

  test("`~1.2.3` never matching", async () => {
    assert.deepEqual(await allowed("patches"), ["v1.2.2", "v1.3.0"]);
    assert.deepEqual(await allowed("later"), ["v1.2.2"]);
  });

  test("double-space filter line changing the root rule", async () => {
    assert.equal((await get("/example.com/spaced/@v/v1.2.3.info")).status, 403);
    assert.equal((await get("/example.com/later/@v/v1.2.2.info")).status, 200);
  });

  test("prefix kept in redirects", async () => {
    for (const [path, base, status] of [
      ["/example.com/redirected/!sub/@v/v1.0.0.info", "https://proxy.example/base", 302],
      ["/example.com/elsewhere/!sub/@v/list", "https://global.example", 303],
    ] as const) {
      const answer = await get(path);
      assert.equal(answer.status, status, answer.text);
      assert.equal(answer.headers.location, `${base}${path}`);
    }
  });

  test("404/405 unauthenticated and unlogged", async () => {
    for (const [method, path, status] of [
      ["GET", "/no/such/page", 404],
      ["DELETE", "/example.com/m/@v/list", 405],
    ] as const) {
      assert.equal((await ask(`${stoa.url}${path}`, { method })).status, 401);
      const headers = { "Athens-Request-ID": `fault-${status}` };
      assert.equal((await get(path, { method, headers })).status, status);
      await until("its line in the log", () =>
        stoa
          .output()
          .split("\n")
          .some(
            (line) => line.includes(`"fault-${status}"`) && line.includes(`"status":${status}`),
          ),
      );
    }
  });

  test("home page with a broken template", async () => {
    const answer = await get("/");
    assert.equal(answer.status, 501);
    assert.match(answer.text, /^not supported: line 1 of the home template has \{\{ range \}\}/);
    assert.equal(stoa.isRunning(), true);
  });
});

function moduleOf(name: string): Promise<ModuleFixture> {
  const [path = "", version = ""] = name.split("@");
  return smallModule(path, version);
}

test("unvalidated top-level HCL mode → 200 empty / panic", async () => {
  const text = 'downloadURL = ""\nmode = "asink"\n';
  const env = {
    ATHENS_DOWNLOAD_MODE: `custom:${Buffer.from(text).toString("base64")}`,
    ATHENS_PORT: "127.0.0.1:0",
  };
  const end = await finishedStoa(["serve"], env);
  assert.equal(end.code, 1);
  assert.match(end.stderr, /^stoa: custom:2:8: "asink" is no mode; there are sync, [^\n]+\n$/);
});

test("index failure loses the index entry for ever", async () => {
  await using folder = await temporaryFolder();
  const root = join(folder.path, "kept");
  const small = await smallModule("example.com/small", "v1.0.0");
  await using upstream = await fixtureProxy([small]);
  {
    await using stoa = await startStoa({ goproxy: upstream.url, root });
    {
      using index = new DatabaseSync(join(root, ".stoa", "state.sqlite"), { timeout: 60_000 });
      index.exec("BEGIN EXCLUSIVE");
      const answer = await ask(`${stoa.url}${filePath(small, "zip")}`);
      assert.equal(answer.status, 200, "no request fails because of the index");
      assert.ok(answer.whole);
      await until("the complaint", () => stoa.output().includes("the index misses versions"));
    }
    assert.equal((await stoa.stop()).code, 0);
  }
  await using again = await startStoa({ goproxy: upstream.url, root });
  await until("the entry", async () =>
    (await ask(`${again.url}/index`)).text.includes('"Path":"example.com/small"'),
  );
});

test("409 to clients on Mongo races: two that fetch the same version into one storage both answer 200", async () => {
  await using folder = await temporaryFolder();
  const root = join(folder.path, "kept");
  const small = await smallModule("example.com/small", "v1.0.0");
  await using upstream = await fixtureProxy([small]);
  const together = Promise.withResolvers<void>();
  upstream.fail(/\.zip$/, { until: together.promise });
  await using one = await startStoa({ goproxy: upstream.url, root });
  await using other = await startStoa({ goproxy: upstream.url, root });
  const asked = [one, other].map(({ url }) => ask(`${url}${filePath(small, "zip")}`));
  await until(
    "both downloads",
    () => upstream.requests.filter(({ path }) => path.endsWith(".zip")).length === 2,
  );
  together.resolve();
  for (const answer of await Promise.all(asked)) {
    assert.equal(answer.status, 200, answer.text);
    assert.ok(answer.whole && answer.body.equals(Buffer.from(small.zip)));
  }
});

test("Mongo TOML names ignored: those of Athens' file take effect, and Insecure is told to be without any", async () => {
  await using folder = await temporaryFolder();
  const text = `[Storage.Mongo]
DefaultDBName = "other"
DefaultCollectionName = "versions"
CertPath = "/ca.pem"
Insecure = true
`;
  await writeFile(join(folder.path, "athens.toml"), text);
  const print = await finishedStoa(["config", "print"], {}, folder.path);
  assert.match(print.stdout, /^Storage\.Mongo\.DefaultDBName +other +# athens\.toml:2/m);
  assert.match(print.stdout, /^Storage\.Mongo\.DefaultCollectionName +versions +# athens\.toml:3/m);
  assert.match(print.stdout, /^Storage\.Mongo\.Insecure +true +# athens\.toml:5.*InsecureConn/m);
});

test('stock-image Postgres params: the file of the container starts Stoa, connect_timeout = "30s" and all', async () => {
  const check = await finishedStoa(["config", "check", "--config-file", sample]);
  assert.deepEqual([check.code, check.stderr], [0, ""]);
  const print = await finishedStoa(["config", "print", "--config-file", sample]);
  assert.match(print.stdout, /^Index\.Postgres\.Params +connect_timeout:30s,sslmode:disable/m);
});
