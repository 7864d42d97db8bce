// What each download mode answers at each endpoint: for what is kept, for what is not, and while the upstream is down.
import assert from "node:assert/strict";
import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { ModuleFixture } from "@stoa/gomod/testing";
import { type FixtureProxy, fixtureProxy } from "@stoa/proxy/testing";
import { until } from "./testing/bounded-wait.ts";
import { freePort } from "./testing/free-port.ts";
import { ask } from "./testing/http-answer.ts";
import { filePath, smallModule } from "./testing/proxied-modules.ts";
import { finishedStoa, type StoaProcess, startStoa } from "./testing/stoa-process.ts";
import { isWhole, versionsIn } from "./testing/stored-versions.ts";
import { type TemporaryFolder, temporaryFolder } from "./testing/temporary-folder.ts";

const endpoints = ["list", "latest", "info", "mod", "zip"] as const;
const conditions = ["hit", "miss", "down"] as const;
type Endpoint = (typeof endpoints)[number];
type Condition = (typeof conditions)[number];

/** The status, how often the upstream is asked for the request, and whether the version is kept in the end. */
type Expected = readonly [status: number, asked: "asks" | "asks nobody", kept: "kept" | "not kept"];

const answered: Expected = [200, "asks", "not kept"];
const fetched: Expected = [200, "asks", "kept"];
const fromStore: Expected = [200, "asks nobody", "kept"];
const absent: Expected = [404, "asks nobody", "not kept"];
const absentForNow: Expected = [404, "asks", "kept"];
const failed: Expected = [502, "asks", "not kept"];
const sentAway: Expected = [302, "asks nobody", "not kept"];
const sentAwayAndKept: Expected = [302, "asks", "kept"];
const sentAwayWhileDown: Expected = [302, "asks", "not kept"];

/** Version files; a sync .info or .mod does not fetch the zip, so the version is not kept whole. */
const files = (info: Expected, zip = info): Readonly<Record<"info" | "mod" | "zip", Expected>> => ({
  info,
  mod: info,
  zip,
});
const questions = (expected: Expected): Readonly<Record<"list" | "latest", Expected>> => ({
  list: expected,
  latest: expected,
});

const listedAndKept: Expected = [200, "asks", "kept"];
const sentAwayThoughKept: Expected = [302, "asks nobody", "kept"];
const table: Readonly<
  Record<string, Readonly<Record<Condition, Readonly<Record<Endpoint, Expected>>>>>
> = {
  sync: {
    hit: { ...questions(listedAndKept), ...files(fromStore) },
    miss: { ...questions(answered), ...files(answered, fetched) },
    down: { ...questions(failed), ...files(failed) },
  },
  async: {
    hit: { ...questions(listedAndKept), ...files(fromStore) },
    miss: { ...questions(answered), ...files(absentForNow) },
    down: { ...questions(failed), ...files([404, "asks", "not kept"]) },
  },
  none: {
    hit: { ...questions(fromStore), ...files(fromStore) },
    miss: { ...questions(absent), ...files(absent) },
    down: { ...questions(absent), ...files(absent) },
  },
  redirect: {
    hit: { ...questions(sentAwayThoughKept), ...files(fromStore) },
    miss: { ...questions(sentAway), ...files(sentAway) },
    down: { ...questions(sentAway), ...files(sentAway) },
  },
  async_redirect: {
    hit: { ...questions(sentAwayThoughKept), ...files(fromStore) },
    miss: { ...questions(sentAway), ...files(sentAwayAndKept) },
    down: { ...questions(sentAway), ...files(sentAwayWhileDown) },
  },
};

/** Each case has a module of its own, with capitals, so that escaping shows. */
function pathOf(condition: Condition, endpoint: Endpoint): string {
  return `example.com/${condition}/Of-${endpoint}`;
}

function requestPath(fixture: ModuleFixture, endpoint: Endpoint): string {
  const info = filePath(fixture, "info").replaceAll("%21", "!");
  const base = info.slice(0, info.indexOf("/@v/"));
  if (endpoint === "latest") return `${base}/@latest`;
  return endpoint === "list" ? `${base}/@v/list` : info.replace(/info$/, endpoint);
}

describe("the download mode", () => {
  let folder: TemporaryFolder;
  let upstream: FixtureProxy;
  const fixtures = new Map<string, ModuleFixture>();

  before(async () => {
    folder = await temporaryFolder();
    for (const condition of conditions) {
      for (const endpoint of endpoints) {
        const path = pathOf(condition, endpoint);
        fixtures.set(path, await smallModule(path, "v1.0.0"));
      }
    }
    upstream = await fixtureProxy([...fixtures.values()]);
    await using filling = await startStoa({
      goproxy: upstream.url,
      root: join(folder.path, "filled"),
    });
    for (const endpoint of endpoints) {
      const fixture = fixtures.get(pathOf("hit", endpoint))!;
      assert.equal((await ask(`${filling.url}${filePath(fixture, "zip")}`)).status, 200);
    }
    upstream.fail("/down/", { status: 500 });
  });
  after(async () => {
    await upstream[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  for (const [mode, expectations] of Object.entries(table)) {
    describe(mode, () => {
      let stoa: StoaProcess;

      before(async () => {
        const root = join(folder.path, mode);
        await cp(join(folder.path, "filled"), root, { recursive: true });
        const env = {
          ATHENS_DOWNLOAD_MODE: mode,
          ATHENS_DOWNLOAD_URL: "https://elsewhere.example/go/",
        };
        stoa = await startStoa({ goproxy: upstream.url, root, env, prefix: "/prefix" });
      });
      after(() => stoa[Symbol.asyncDispose]());

      for (const condition of conditions) {
        for (const endpoint of endpoints) {
          const [status, asks, keeps] = expectations[condition][endpoint];
          test(`${endpoint}, ${condition}: ${status}, ${asks}, ${keeps}`, async () => {
            const fixture = fixtures.get(pathOf(condition, endpoint))!;
            const escaped = `/${condition}/!of-${endpoint}/`;
            const asked = () =>
              upstream.requests.filter(({ path }) => path.includes(escaped)).length;
            const before = asked();
            const answer = await ask(`${stoa.url}${requestPath(fixture, endpoint)}`);
            assert.equal(answer.status, status, answer.text);
            assert.match(answer.headers["cache-control"] ?? "", /no-store|max-age=\d+/);
            if (status === 302) {
              const expected = `https://elsewhere.example/go${requestPath(fixture, endpoint)}`;
              assert.equal(answer.headers.location, expected);
            } else if (status === 200) {
              const body = { list: "v1.0.0\n", latest: fixture.info, ...fixture }[endpoint];
              assert.ok(answer.body.equals(Buffer.from(body)));
            } else {
              assert.match(
                answer.text,
                new RegExp(`^(not found|upstream failed): ${fixture.module.path}`),
              );
            }
            const isKept = async (): Promise<boolean> =>
              (await versionsIn(stoa.root)).some(
                (version) => version.folder === `${fixture.module.path}/v1.0.0` && isWhole(version),
              );
            if (keeps === "kept") await until("the version to be kept", isKept);
            if (asks === "asks") await until("the upstream to be asked", () => asked() > before);
            else assert.equal(asked(), before);
            assert.equal(await isKept(), keeps === "kept");
          });
        }
      }
    });
  }
});

test("the sample download file of Athens' documentation works as printed, from a file, as custom: and as custom$", async () => {
  const sample = `downloadURL = "https://proxy.golang.org"

mode = "async_redirect"

download "github.com/gomods/*" {
    mode = "sync"
}

download "golang.org/x/*" {
    mode = "none"
}

download "github.com/pkg/*" {
    mode = "redirect"
    downloadURL = "https://gocenter.io"
}
`;
  await using folder = await temporaryFolder();
  const file = join(folder.path, "download.hcl");
  await writeFile(file, sample);
  const base64 = Buffer.from(sample).toString("base64");
  const athens = await smallModule("github.com/gomods/athens", "v0.11.0");
  for (const value of [`file:${file}`, `custom:${base64}`, `custom$${base64}`]) {
    await using upstream = await fixtureProxy([athens]);
    await using stoa = await startStoa({
      goproxy: upstream.url,
      env: { ATHENS_DOWNLOAD_MODE: value },
    });
    const expected: readonly (readonly [path: string, status: number, location?: string])[] = [
      ["/github.com/gomods/athens/@v/v0.11.0.zip", 200],
      ["/golang.org/x/text/@v/v0.3.0.info", 404],
      ["/golang.org/x/text/@v/list", 404],
      ["/github.com/pkg/errors/@v/v0.8.1.mod", 302, "https://gocenter.io"],
      ["/github.com/other/Thing/@v/v0.8.1.mod".replace("T", "!t"), 302, "https://proxy.golang.org"],
    ];
    for (const [path, status, location] of expected) {
      const answer = await ask(`${stoa.url}${path}`);
      assert.equal(answer.status, status, `${value}: ${path}: ${answer.text}`);
      assert.equal(
        answer.headers.location,
        location === undefined ? undefined : `${location}${path}`,
      );
    }
    assert.equal(/custom\$/.test(stoa.output()), value.startsWith("custom$"));
  }
});

const broken: readonly (readonly [name: string, env: Record<string, string>, message: RegExp])[] = [
  ["an unknown mode", { ATHENS_DOWNLOAD_MODE: "asink" }, /"asink" is none of sync/],
  ["no mode", { ATHENS_DOWNLOAD_MODE: "" }, /"" is none of sync/],
  [
    "a file that is not there",
    { ATHENS_DOWNLOAD_MODE: "file:gone.hcl" },
    /"gone.hcl" cannot be read \(ENOENT\)/,
  ],
  ["a folder for a file", { ATHENS_DOWNLOAD_MODE: "file:/" }, /cannot be read \(EISDIR\)/],
  ["wrong base64", { ATHENS_DOWNLOAD_MODE: "custom:bW9!" }, /base64.*"!" at its character 4/],
  [
    "a broken file",
    {
      ATHENS_DOWNLOAD_MODE: `custom:${Buffer.from('mode = "sync"\nmode = "none"').toString("base64")}`,
    },
    /custom:2:1: mode is set for the second time/,
  ],
  [
    "an address without a scheme",
    { ATHENS_DOWNLOAD_MODE: "redirect", ATHENS_DOWNLOAD_URL: "gocenter.io" },
    /ATHENS_DOWNLOAD_URL: "gocenter.io" is no address/,
  ],
  [
    "an unknown network mode",
    { ATHENS_NETWORK_MODE: "loose" },
    /ATHENS_NETWORK_MODE: "loose" is none of strict/,
  ],
  [
    "a filter file that is not there",
    { ATHENS_FILTER_FILE: "gone.txt" },
    /ATHENS_FILTER_FILE: "gone.txt" cannot be read/,
  ],
  [
    "a validator without a scheme",
    { ATHENS_PROXY_VALIDATOR: "localhost:1" },
    /ATHENS_PROXY_VALIDATOR: "localhost:1" is no address/,
  ],
];
for (const [name, env, message] of broken) {
  test(`${name} ends in one sentence, from serve and from config check`, async () => {
    for (const args of [["serve"], ["config", "check"]]) {
      const { code, stdout, stderr } = await finishedStoa(args, {
        ...env,
        ATHENS_PORT: "127.0.0.1:0",
        ATHENS_STORAGE_TYPE: "memory",
      });
      assert.equal(code, 1, stdout);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\n\s+at /);
    }
  });
}

test("a redirect without a URL is refused with a sentence and leads nowhere", async () => {
  await using upstream = await fixtureProxy([]);
  await using stoa = await startStoa({
    goproxy: upstream.url,
    env: { ATHENS_DOWNLOAD_MODE: "redirect" },
  });
  const answer = await ask(`${stoa.url}/example.com/m/@v/v1.0.0.info`);
  assert.equal(answer.status, 403);
  assert.equal(answer.headers.location, undefined);
  assert.match(answer.text, /no downloadURL says where to/);
  assert.match(stoa.output(), /no downloadURL says where to/);
});

test("a redirect to Stoa itself is a loop and said to be one", async () => {
  await using upstream = await fixtureProxy([]);
  const port = await freePort();
  const env = {
    ATHENS_PORT: `127.0.0.1:${port}`,
    ATHENS_DOWNLOAD_MODE: "redirect",
    ATHENS_DOWNLOAD_URL: `http://localhost:${port}`,
  };
  await using stoa = await startStoa({ goproxy: upstream.url, env });
  const answer = await ask(`${stoa.url}/example.com/m/@v/v1.0.0.info`);
  assert.equal(answer.status, 508);
  assert.match(answer.text, /leads back here/);
});

test("STOA_POLICY_SCOPE=athens leaves lists and latest to the upstream, as Athens does", async () => {
  const small = await smallModule("example.com/m", "v1.0.0");
  for (const mode of ["none", "redirect"]) {
    await using upstream = await fixtureProxy([small]);
    const env = {
      STOA_POLICY_SCOPE: "athens",
      ATHENS_DOWNLOAD_MODE: mode,
      ATHENS_DOWNLOAD_URL: "https://elsewhere.example",
    };
    await using stoa = await startStoa({ goproxy: upstream.url, env });
    assert.equal((await ask(`${stoa.url}/example.com/m/@v/list`)).text, "v1.0.0\n");
    assert.equal((await ask(`${stoa.url}/example.com/m/@latest`)).status, 200);
    const info = await ask(`${stoa.url}/example.com/m/@v/v1.0.0.info`);
    assert.equal(info.status, mode === "none" ? 404 : 302);
  }
});
