// What lists and latest say in each network mode, and that offline nobody is asked for anything.
import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { ModuleFixture } from "@stoa/gomod/testing";
import { type FixtureProxy, fixtureProxy } from "@stoa/proxy/testing";
import { goCommand, goIsMissing } from "./testing/go-command.ts";
import { ask } from "./testing/http-answer.ts";
import { filePath, smallModule } from "./testing/proxied-modules.ts";
import { type StoaProcess, startStoa } from "./testing/stoa-process.ts";
import { type TemporaryFolder, temporaryFolder } from "./testing/temporary-folder.ts";

const pseudo = "v0.0.0-20200102030405-abcdefabcdef";

/** What is kept, by the last element of the path: `example.com/tagged`. */
const kept: Readonly<Record<string, readonly string[]>> = {
  tagged: ["v1.0.0", pseudo],
  untagged: [pseudo],
  nothing: [],
};
type Name = "tagged" | "untagged" | "nothing";

/** What the upstream says of all three: it knows `v1.1.0`, or not the module, or it is down. */
type Situation = "fine" | "gone" | "down";

/** The versions of the list, or a status; and the version of latest, or a status. */
type Row = readonly [
  situation: Situation,
  name: Name,
  list: readonly string[] | number,
  latest: string | number,
];

const table: Readonly<Record<"strict" | "fallback" | "offline", readonly Row[]>> = {
  strict: [
    ["fine", "tagged", ["v1.0.0", "v1.1.0"], "v1.1.0"],
    ["fine", "untagged", ["v1.1.0"], "v1.1.0"],
    ["fine", "nothing", ["v1.1.0"], "v1.1.0"],
    ["gone", "tagged", ["v1.0.0"], 404],
    ["gone", "untagged", [pseudo], 404],
    ["gone", "nothing", 404, 404],
    ["down", "tagged", 502, 502],
    ["down", "untagged", 502, 502],
    ["down", "nothing", 502, 502],
  ],
  fallback: [
    ["fine", "tagged", ["v1.0.0", "v1.1.0"], "v1.1.0"],
    ["fine", "nothing", ["v1.1.0"], "v1.1.0"],
    ["gone", "tagged", ["v1.0.0"], 404],
    ["gone", "untagged", [pseudo], 404],
    ["gone", "nothing", 404, 404],
    ["down", "tagged", [pseudo, "v1.0.0"], "v1.0.0"],
    ["down", "untagged", [pseudo], pseudo],
    ["down", "nothing", [], 502],
  ],
  offline: [
    ["fine", "tagged", [pseudo, "v1.0.0"], "v1.0.0"],
    ["fine", "untagged", [pseudo], pseudo],
    ["fine", "nothing", [], 404],
    ["down", "tagged", [pseudo, "v1.0.0"], "v1.0.0"],
    ["down", "nothing", [], 404],
  ],
};

describe("the network mode", () => {
  let folder: TemporaryFolder;
  let upstream: FixtureProxy;
  const fixtures = new Map<string, ModuleFixture>();

  before(async () => {
    folder = await temporaryFolder();
    upstream = await fixtureProxy();
    for (const [name, versions] of Object.entries(kept)) {
      for (const version of ["v1.1.0", ...versions]) {
        fixtures.set(`${name}@${version}`, await smallModule(`example.com/${name}`, version));
      }
    }
    upstream.add(...fixtures.values());
    await using filling = await startStoa({
      goproxy: upstream.url,
      root: join(folder.path, "filled"),
    });
    for (const [name, versions] of Object.entries(kept)) {
      for (const version of versions) {
        const zip = filePath(fixtures.get(`${name}@${version}`)!, "zip");
        assert.equal((await ask(`${filling.url}${zip}`)).status, 200);
      }
    }
    // From now on the upstream knows of v1.1.0 alone, so that what is kept can be told from what is listed.
    upstream.fail(/@v\/list$/, { status: 200, body: "v1.1.0\n" });
  });
  after(async () => {
    await upstream[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  for (const [mode, rows] of Object.entries(table)) {
    for (const situation of ["fine", "gone", "down"] as const) {
      const cases = rows.filter(([of]) => of === situation);
      if (cases.length === 0) continue;
      describe(`${mode}, upstream ${situation}`, () => {
        let stoa: StoaProcess;

        before(async () => {
          const root = join(folder.path, `${mode}-${situation}`);
          await cp(join(folder.path, "filled"), root, { recursive: true });
          if (situation === "gone") upstream.fail(/./, { status: 404, body: "not found: deleted" });
          if (situation === "down") upstream.fail(/./, { status: 500 });
          const env = { ATHENS_NETWORK_MODE: mode };
          stoa = await startStoa({ goproxy: upstream.url, root, env });
        });
        after(async () => {
          upstream.heal();
          upstream.fail(/@v\/list$/, { status: 200, body: "v1.1.0\n" });
          await stoa[Symbol.asyncDispose]();
        });

        for (const [, name, list, latest] of cases) {
          test(`list of ${name}: ${list.toString() || "empty"}`, async () => {
            const asked = upstream.requests.length;
            const answer = await ask(`${stoa.url}/example.com/${name}/@v/list`);
            if (typeof list === "number") assert.equal(answer.status, list, answer.text);
            else {
              assert.equal(answer.status, 200, answer.text);
              assert.deepEqual(answer.text.split("\n").slice(0, -1), list);
            }
            assert.equal(upstream.requests.length > asked, mode !== "offline");
            if (mode === "fallback" && situation === "down") {
              assert.match(answer.headers.warning ?? "", /^110 /);
            }
          });

          test(`latest of ${name}: ${latest}`, async () => {
            const answer = await ask(`${stoa.url}/example.com/${name}/@latest`);
            if (typeof latest === "number") assert.equal(answer.status, latest, answer.text);
            else assert.equal(JSON.parse(answer.text).Version, latest);
          });
        }
      });
    }
  }

  test("offline nobody is asked for files, queries or the background, whatever the download mode", async () => {
    const root = join(folder.path, "filled");
    for (const mode of ["sync", "async", "none", "redirect", "async_redirect"]) {
      const env = {
        ATHENS_NETWORK_MODE: "offline",
        ATHENS_DOWNLOAD_MODE: mode,
        ATHENS_DOWNLOAD_URL: "https://elsewhere.example",
      };
      await using stoa = await startStoa({ goproxy: upstream.url, root, env });
      const asked = upstream.requests.length;
      const missing = mode.endsWith("redirect") ? 302 : 404;
      const hit = await ask(`${stoa.url}${filePath(fixtures.get("tagged@v1.0.0")!, "zip")}`);
      assert.equal(hit.status, 200);
      for (const file of ["v1.1.0.info", "v1.1.0.mod", "v1.1.0.zip", "main.info"]) {
        const answer = await ask(`${stoa.url}/example.com/tagged/@v/${file}`);
        assert.equal(answer.status, missing, `${mode} ${file}: ${answer.text}`);
        if (missing === 404) assert.match(answer.text, /this proxy is offline/);
      }
      assert.equal(upstream.requests.length, asked);
      assert.equal((await stoa.stop()).code, 0);
    }
  });

  test("the go command builds from what is kept while Stoa is offline", {
    skip: goIsMissing(),
  }, async () => {
    const root = join(folder.path, "filled");
    const env = { ATHENS_NETWORK_MODE: "offline" };
    await using stoa = await startStoa({ goproxy: upstream.url, root, env });
    await using go = await goCommand({ goproxy: stoa.url });
    const versions = await go.succeed([
      "list",
      "-m",
      "-f",
      "{{.Version}}",
      "example.com/tagged@latest",
    ]);
    assert.equal(versions.trim(), "v1.0.0");
    await go.succeed(["mod", "download", "example.com/tagged@v1.0.0"]);
  });
});
