// What each download mode answers at each endpoint: for what is kept, for what is not, and while the upstream is down.
import assert from "node:assert/strict";
import { cp, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { ModuleFixture } from "@stoa/gomod/testing";
import { type FixtureProxy, fixtureProxy } from "@stoa/proxy/testing";
import { until } from "./testing/bounded-wait.ts";
import { freePort } from "./testing/free-port.ts";
import { ask, type HttpAnswer } from "./testing/http-answer.ts";
import { filePath, smallModule } from "./testing/proxied-modules.ts";
import { said } from "./testing/said.ts";
import { finishedStoa, type StoaProcess, startStoa } from "./testing/stoa-process.ts";
import { type TemporaryFolder, temporaryFolder } from "./testing/temporary-folder.ts";

const endpoints = ["list", "latest", "info", "mod", "zip"] as const;
type Endpoint = (typeof endpoints)[number];

/** What the upstream is like while a case is tried: well, or down in one of three ways. */
const upstreamStates = ["well", "failing", "hanging", "refusing"] as const;
type UpstreamState = (typeof upstreamStates)[number];
const isDown = { failing: 502, hanging: 504, refusing: 502 } as const;

/** Whether the module was fetched in better days. */
const keptBefore = ["kept", "absent"] as const;
type KeptBefore = (typeof keptBefore)[number];

interface Case {
  readonly endpoint: Endpoint;
  readonly before: KeptBefore;
  readonly upstream: UpstreamState;
}

interface Expected {
  readonly status: number;
  /** Which files the upstream is asked for: each once while it is well. */
  readonly asked: readonly string[];
  /** Whether somebody asks after the answer was sent. */
  readonly inBackground: boolean;
  /** Whether the version is kept whole in the end. */
  readonly kept: boolean;
}

type Mode = "sync" | "async" | "none" | "redirect" | "async_redirect";

const whole = ["info", "mod", "zip"];

/** The table of reference: what each mode answers, whom it asks and what it keeps. */
function expectedOf(mode: Mode, one: Case): Expected {
  const { endpoint, before, upstream } = one;
  const kept = before === "kept";
  const quiet = { asked: [], inBackground: false, kept };
  const status = upstream === "well" ? 200 : isDown[upstream];
  if (endpoint !== "list" && endpoint !== "latest") {
    return kept ? { ...quiet, status: 200 } : missingFile(mode, endpoint, status);
  }
  if (mode === "none") return { ...quiet, status: kept ? 200 : 404 };
  if (mode.endsWith("redirect")) return { ...quiet, status: 302 };
  return { ...quiet, status, asked: [endpoint] };
}

/** `outcome` is the status of what is fetched now. */
function missingFile(mode: Mode, file: "info" | "mod" | "zip", outcome: number): Expected {
  const quiet = { asked: [], inBackground: false, kept: false };
  const later = { asked: whole, inBackground: true, kept: outcome === 200 };
  switch (mode) {
    case "sync": {
      // An .info or a .mod does not fetch the zip.
      const isZip = file === "zip";
      const kept = isZip && outcome === 200;
      return { ...quiet, status: outcome, asked: isZip ? whole : [file], kept };
    }
    case "async":
      return { ...later, status: 404 };
    case "none":
      return { ...quiet, status: 404 };
    case "redirect":
      return { ...quiet, status: 302 };
    case "async_redirect":
      return { ...later, status: 302 };
  }
}

/** Each case has a module of its own, with capitals, so that escaping shows. */
function pathOf({ endpoint, before, upstream }: Case): string {
  return `example.com/${upstream}/${before}/Of-${endpoint}`;
}

function requestPath(fixture: ModuleFixture, endpoint: Endpoint): string {
  const info = filePath(fixture, "info").replaceAll("%21", "!");
  const base = info.slice(0, info.indexOf("/@v/"));
  if (endpoint === "latest") return `${base}/@latest`;
  return endpoint === "list" ? `${base}/@v/list` : info.replace(/info$/, endpoint);
}

/** `list`, `latest`, `info`, `mod` or `zip`, of the path that an upstream was asked for. */
function askedFile(path: string): string {
  return path.endsWith("/@latest") ? "latest" : (/[a-z]+$/.exec(path)?.[0] ?? path);
}

describe("the download mode", () => {
  let folder: TemporaryFolder;
  const fixtures = new Map<string, ModuleFixture>();
  const cases = upstreamStates.flatMap((upstream) =>
    keptBefore.flatMap((before) =>
      endpoints.map((endpoint): Case => ({ upstream, before, endpoint })),
    ),
  );

  before(async () => {
    folder = await temporaryFolder();
    for (const one of cases) fixtures.set(pathOf(one), await smallModule(pathOf(one), "v1.0.0"));
    await using upstream = await fixtureProxy([...fixtures.values()]);
    await using filling = await startStoa({
      goproxy: upstream.url,
      root: join(folder.path, "filled"),
    });
    for (const one of cases.filter(({ before }) => before === "kept")) {
      const zip = filePath(fixtures.get(pathOf(one))!, "zip");
      assert.equal((await ask(`${filling.url}${zip}`)).status, 200);
    }
  });
  after(() => folder[Symbol.asyncDispose]());

  for (const mode of ["sync", "async", "none", "redirect", "async_redirect"] as const) {
    describe(mode, () => {
      let upstream: FixtureProxy;
      let stoa: StoaProcess;

      before(async () => {
        upstream = await fixtureProxy([...fixtures.values()]);
        upstream.fail("/failing/", { status: 500 });
        upstream.fail("/hanging/", { hang: true });
        const root = join(folder.path, mode);
        await cp(join(folder.path, "filled"), root, { recursive: true });
        const env = {
          ATHENS_DOWNLOAD_MODE: mode,
          ATHENS_DOWNLOAD_URL: "https://elsewhere.example/go/",
          STOA_FIRST_BYTE_TIMEOUT: "1",
        };
        stoa = await startStoa({ goproxy: upstream.url, root, env, prefix: "/prefix" });
      });
      after(async () => {
        await stoa[Symbol.asyncDispose]();
        await upstream[Symbol.asyncDispose]();
      });

      for (const state of upstreamStates) {
        // Those that wait for a deadline wait together.
        describe(`upstream ${state}`, { concurrency: true }, () => {
          before(async () => {
            if (state === "refusing") await upstream.close();
          });

          for (const one of cases.filter(({ upstream }) => upstream === state)) {
            const expected = expectedOf(mode, one);
            const { status, asked, kept } = expected;
            const told = `${status}, asks for ${asked.join(" ") || "nothing"}, ${kept ? "kept" : "not kept"}`;
            test(`${one.endpoint} of a module that is ${one.before}: ${told}`, async () => {
              await tryCase(one, expected);
            });
          }
        });
      }

      async function tryCase(one: Case, expected: Expected): Promise<void> {
        const { endpoint, before, upstream: state } = one;
        const { status, inBackground, kept } = expected;
        const fixture = fixtures.get(pathOf(one))!;
        const answer = await ask(`${stoa.url}${requestPath(fixture, endpoint)}`);
        assert.equal(answer.status, status, answer.text);
        assertAnswer(answer, endpoint, fixture);
        const whatWasAsked = (): readonly string[] =>
          upstream.requests
            .filter(({ path }) => path.includes(`/${state}/${before}/!of-${endpoint}/`))
            .map(({ path }) => askedFile(path));
        const isKept = () => hasThreeFiles(join(stoa.root, fixture.module.path, "v1.0.0"));
        if (inBackground && kept) await until("the version to be kept", isKept);
        // Where connections are refused nobody hears the question.
        const asked = state === "refusing" ? [] : expected.asked;
        if (asked.length > 0) {
          await until("the upstream to be asked", () => whatWasAsked().length > 0);
        }
        assertAsked(whatWasAsked(), asked, state);
        assert.equal(await isKept(), kept);
      }
    });
  }
});

async function hasThreeFiles(folder: string): Promise<boolean> {
  return (await readdir(folder).catch(() => [])).length === 3;
}

function assertAnswer(answer: HttpAnswer, endpoint: Endpoint, fixture: ModuleFixture): void {
  const { status, headers, text } = answer;
  assert.match(headers["cache-control"] ?? "", /no-store|max-age=\d+/);
  if (status === 302) {
    const location = `https://elsewhere.example/go${requestPath(fixture, endpoint)}`;
    assert.equal(headers.location, location);
  } else if (status === 200) {
    const body = { list: "v1.0.0\n", latest: fixture.info, ...fixture }[endpoint];
    assert.ok(answer.body.equals(Buffer.from(body)));
  } else {
    const word = { 404: "not found", 502: "upstream failed", 504: "timed out" }[status];
    assert.match(text, new RegExp(`^${word}: ${fixture.module.path}`));
  }
}

/** An upstream that fails may be asked again, and is not always asked for the rest of a version. */
function assertAsked(found: readonly string[], asked: readonly string[], state: UpstreamState) {
  if (state === "well") {
    assert.equal(found.length, asked.length);
    assert.deepEqual(new Set(found), new Set(asked));
  }
  assert.ok(
    found.every((file) => asked.includes(file)),
    found.join(" "),
  );
  assert.equal(found.length > 0, asked.length > 0);
}

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
    if (value.startsWith("custom$")) await said(stoa, /custom\$/);
    else assert.doesNotMatch(stoa.output(), /custom\$/);
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
  await said(stoa, /no downloadURL says where to/);
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
