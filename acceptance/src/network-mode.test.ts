// What lists, latest and files are answered with in each network mode, whatever the upstream says.
import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { ModuleFixture } from "@stoa/gomod/testing";
import { type FixtureProxy, fixtureProxy } from "@stoa/proxy/testing";
import { freePort } from "./testing/free-port.ts";
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
  // Never listed: a kept version that is missing from a list is asked about (docs/housekeeping.md).
  unlisted: ["v1.0.0"],
};
type Name = "tagged" | "untagged" | "nothing";

/** What the upstream says of all three: it knows `v1.1.0`, or not the module, or it is down, in one of three ways. */
const situations = {
  fine: { row: "fine", failure: undefined, fault: undefined },
  gone: { row: "gone", failure: 404, fault: { status: 404, body: "not found: deleted" } },
  failing: { row: "down", failure: 502, fault: { status: 500 } },
  hanging: { row: "down", failure: 504, fault: { hang: true } },
  refusing: { row: "down", failure: 502, fault: undefined },
} as const;
type Situation = keyof typeof situations;

/** The versions of the list, or a status; and the version of latest, or a status. */
type Row = readonly [
  situation: (typeof situations)[Situation]["row"],
  name: Name,
  list: readonly string[] | Failure,
  latest: string | Failure,
];

/** A status, or that of the upstream's failure: 502, or 504 for one that is too slow. */
type Failure = 404 | "failure";

const table: Readonly<Record<"strict" | "fallback" | "offline", readonly Row[]>> = {
  strict: [
    ["fine", "tagged", ["v1.0.0", "v1.1.0"], "v1.1.0"],
    ["fine", "untagged", ["v1.1.0"], "v1.1.0"],
    ["fine", "nothing", ["v1.1.0"], "v1.1.0"],
    ["gone", "tagged", ["v1.0.0"], 404],
    ["gone", "untagged", [pseudo], 404],
    ["gone", "nothing", 404, 404],
    ["down", "tagged", "failure", "failure"],
    ["down", "untagged", "failure", "failure"],
    ["down", "nothing", "failure", "failure"],
  ],
  fallback: [
    ["fine", "tagged", ["v1.0.0", "v1.1.0"], "v1.1.0"],
    ["fine", "nothing", ["v1.1.0"], "v1.1.0"],
    ["gone", "tagged", ["v1.0.0"], 404],
    ["gone", "untagged", [pseudo], 404],
    ["gone", "nothing", 404, 404],
    ["down", "tagged", [pseudo, "v1.0.0"], "v1.0.0"],
    ["down", "untagged", [pseudo], pseudo],
    ["down", "nothing", [], "failure"],
  ],
  offline: [
    ["fine", "tagged", [pseudo, "v1.0.0"], "v1.0.0"],
    ["fine", "untagged", [pseudo], pseudo],
    ["fine", "nothing", [], 404],
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
    for (const situation of Object.keys(situations) as Situation[]) {
      const { row, failure, fault } = situations[situation];
      const cases = rows.filter(([of]) => of === row);
      if (cases.length === 0) continue;
      describe(`${mode}, upstream ${situation}`, { concurrency: true }, () => {
        let stoa: StoaProcess;

        before(async () => {
          const root = join(folder.path, `${mode}-${situation}`);
          await cp(join(folder.path, "filled"), root, { recursive: true });
          if (fault !== undefined) upstream.fail(/./, fault);
          const goproxy =
            situation === "refusing" ? `http://127.0.0.1:${await freePort()}` : upstream.url;
          const env = { ATHENS_NETWORK_MODE: mode, STOA_FIRST_BYTE_TIMEOUT: "1" };
          stoa = await startStoa({ goproxy, root, env });
        });
        after(async () => {
          upstream.heal();
          upstream.fail(/@v\/list$/, { status: 200, body: "v1.1.0\n" });
          await stoa[Symbol.asyncDispose]();
        });

        /** How often the upstream was asked for such a path. */
        const askedFor = (path: string): number =>
          upstream.requests.filter((request) => request.path === path).length;
        const isAsked = mode !== "offline" && situation !== "refusing";

        for (const [, name, list, latest] of cases) {
          test(`list of ${name}: ${list.toString() || "empty"}`, async () => {
            const path = `/example.com/${name}/@v/list`;
            const before = askedFor(path);
            const answer = await ask(`${stoa.url}${path}`);
            if (typeof list === "object") {
              assert.equal(answer.status, 200, answer.text);
              assert.deepEqual(answer.text.split("\n").slice(0, -1), list);
            } else assert.equal(answer.status, list === "failure" ? failure : list, answer.text);
            assert.equal(askedFor(path) > before, isAsked);
            const isStale = mode === "fallback" && row === "down";
            assert.match(answer.headers.warning ?? "", isStale ? /^110 / : /^$/);
          });

          test(`latest of ${name}: ${latest}`, async () => {
            const path = `/example.com/${name}/@latest`;
            const before = askedFor(path);
            const answer = await ask(`${stoa.url}${path}`);
            const told = answer.status === 200 ? JSON.parse(answer.text).Version : answer.status;
            assert.equal(told, latest === "failure" ? failure : latest, answer.text);
            assert.equal(askedFor(path) > before, isAsked);
          });
        }

        test("files that are kept are given out without asking", async () => {
          for (const kind of ["info", "mod", "zip"] as const) {
            const path = filePath(fixtures.get("unlisted@v1.0.0")!, kind);
            const before = askedFor(path);
            assert.equal((await ask(`${stoa.url}${path}`)).status, 200);
            assert.equal(askedFor(path), before);
          }
        });

        const missing = mode === "offline" ? 404 : (failure ?? 200);
        for (const kind of ["info", "mod", "zip"] as const) {
          test(`an .${kind} that is not kept: ${missing}`, async () => {
            const path = filePath(fixtures.get("nothing@v1.1.0")!, kind);
            const before = askedFor(path);
            const answer = await ask(`${stoa.url}${path}`);
            assert.equal(answer.status, missing, answer.text);
            // A zip that cannot be had may be told by its .info alone.
            if (kind !== "zip") assert.equal(askedFor(path) > before, isAsked);
            if (mode === "offline") assert.equal(askedFor(path), before);
          });
        }
      });
    }
  }

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
