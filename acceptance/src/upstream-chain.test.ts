// Several upstreams in a row, as GOPROXY's grammar combines them, and modules that no proxy may be asked for.
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { type FixtureProxy, fixtureProxy } from "@stoa/proxy/testing";
import { freePort } from "./testing/free-port.ts";
import { goCommand, goIsMissing } from "./testing/go-command.ts";
import { ask } from "./testing/http-answer.ts";
import { filePath, smallModule } from "./testing/proxied-modules.ts";
import { assertRefusal } from "./testing/refusal.ts";
import { writeFiles } from "./testing/sources.ts";
import { startStoa } from "./testing/stoa-process.ts";

const kinds = ["info", "mod", "zip"] as const;

/** Two upstreams, of which only the second has the module, and a Stoa that knows both. */
async function between(
  separator: "," | "|",
  work: (first: FixtureProxy, second: FixtureProxy, base: string) => Promise<void>,
): Promise<void> {
  await using first = await fixtureProxy([]);
  await using second = await fixtureProxy([await smallModule("example.com/small", "v1.0.0")]);
  await using stoa = await startStoa({ goproxy: `${first.url}${separator}${second.url}` });
  await work(first, second, `${stoa.url}/example.com/small`);
}

describe("GOPROXY", () => {
  for (const status of [404, 410]) {
    test(`with a comma goes on after ${status}`, () =>
      between(",", async (first, _second, base) => {
        first.fail(/./, { status });
        for (const path of [
          "@v/list",
          "@latest",
          "@v/v1.0.0.info",
          "@v/v1.0.0.mod",
          "@v/v1.0.0.zip",
        ]) {
          assert.equal((await ask(`${base}/${path}`)).status, 200, path);
        }
      }));
  }

  test("with a comma does not go on after anything else", () =>
    between(",", async (first, second, base) => {
      for (const status of [401, 403, 500, 418]) {
        first.heal();
        first.fail(/./, { status });
        for (const path of ["@v/list", "@v/v1.0.0.info", "@v/v1.0.0.zip"]) {
          assertRefusal(await ask(`${base}/${path}`), [403, 502]);
        }
      }
      await first.close();
      assertRefusal(await ask(`${base}/@v/v1.0.0.mod`), [502]);
      assert.equal(second.requests.length, 0);
    }));

  test("with a bar goes on after anything", () =>
    between("|", async (first, _second, base) => {
      first.fail(/./, { status: 403 });
      assert.equal((await ask(`${base}/@v/list`)).status, 200);
      first.fail(/./, { status: 500 });
      assert.equal((await ask(`${base}/@v/v1.0.0.info`)).status, 200);
      await first.close();
      assert.equal((await ask(`${base}/@v/v1.0.0.zip`)).status, 200);
    }));

  test("does not hide the outage of one entry behind the absence at another", () =>
    between("|", async (first, _second, base) => {
      first.fail(/./, { status: 500, body: "out of order" });
      assertRefusal(await ask(`${base}/@v/v1.9.9.info`), [502], /out of order/);
    }));

  test("off serves what is kept and refuses the rest, with its reason", async () => {
    await using stoa = await startStoa({ goproxy: "off" });
    for (const path of ["@v/list", "@latest", "@v/v1.0.0.info", "@v/v1.0.0.zip"]) {
      assertRefusal(await ask(`${stoa.url}/example.com/small/${path}`), [403], /GOPROXY=off/);
    }
  });

  test("may name a folder in the layout of a module cache", { skip: goIsMissing() }, async () => {
    const small = await smallModule("example.com/Small", "v1.0.0");
    await using upstream = await fixtureProxy([small]);
    await using go = await goCommand({ goproxy: upstream.url });
    await go.succeed(["mod", "download", "example.com/Small@v1.0.0"]);
    const folder = pathToFileURL(join(go.moduleCache, "cache", "download"));
    await using stoa = await startStoa({ goproxy: folder.href });
    for (const kind of kinds) {
      const answer = await ask(`${stoa.url}${filePath(small, kind)}`);
      assert.equal(answer.status, 200, answer.text);
    }
    assert.equal((await ask(`${stoa.url}/example.com/!small/@v/list`)).text, "v1.0.0\n");
    assertRefusal(await ask(`${stoa.url}/example.com/!small/@v/v1.0.1.info`), [404]);
  });

  test("wins from ATHENS_GO_BINARY_ENV_VARS over the environment", async () => {
    await using upstream = await fixtureProxy([await smallModule("example.com/small", "v1.0.0")]);
    await using stoa = await startStoa({
      goproxy: `http://127.0.0.1:${await freePort()}`,
      env: { ATHENS_GO_BINARY_ENV_VARS: `GOPROXY=${upstream.url}` },
    });
    assert.equal((await ask(`${stoa.url}/example.com/small/@v/list`)).text, "v1.0.0\n");
  });

  test("ending in direct, as by default, lets go get find the module of a package", {
    skip: goIsMissing(),
  }, async () => {
    await using upstream = await fixtureProxy([await smallModule("example.com/small", "v1.0.0")]);
    const HTTPS_PROXY = `http://127.0.0.1:${await freePort()}`; // no repository is within reach
    await using stoa = await startStoa({
      goproxy: `${upstream.url},direct`,
      env: { HTTPS_PROXY },
    });
    await using go = await goCommand({ goproxy: stoa.url });
    const sources = await writeFiles(join(go.folder, "program"), {
      "go.mod": "module example.com/p\n",
    });
    await go.succeed(["get", "example.com/small"], sources);
    const { code, stderr } = await go.run(["get", "example.com/small/nothing/here"], sources);
    assert.notEqual(code, 0);
    assert.match(stderr, /does not contain package|404 Not Found/);
  });
});

for (const variable of ["GOPRIVATE", "GONOPROXY"]) {
  test(`no proxy is asked for modules that ${variable} matches`, async () => {
    const open = await smallModule("example.com/open", "v1.0.0");
    await using upstream = await fixtureProxy([open]);
    await using stoa = await startStoa({
      goproxy: upstream.url,
      env: {
        [variable]: "*.corp.example,example.com/secret",
        HTTPS_PROXY: `http://127.0.0.1:${await freePort()}`, // no repository is within reach
      },
    });
    for (const module of [
      "git.corp.example/team/tool",
      "example.com/secret",
      "example.com/secret/sub",
    ]) {
      for (const path of [
        "@v/list",
        "@latest",
        "@v/v1.0.0.info",
        "@v/v1.0.0.zip",
        "@v/main.info",
      ]) {
        const answer = await ask(`${stoa.url}/${module}/${path}`);
        assert.ok(answer.status >= 400, `${module}/${path}: ${answer.status}`);
        assertRefusal(answer, [answer.status]);
      }
    }
    assert.deepEqual(upstream.requests, []);
    assert.equal((await ask(`${stoa.url}${filePath(open, "zip")}`)).status, 200);
  });
}
