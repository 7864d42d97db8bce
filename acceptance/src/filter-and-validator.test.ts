// Who gets a module at all: the filter file, the validator hook, and what the go command makes of their answers.
import assert from "node:assert/strict";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fixtureProxy } from "@stoa/proxy/testing";
import { until } from "./testing/bounded-wait.ts";
import { goCommand, goIsMissing } from "./testing/go-command.ts";
import { ask } from "./testing/http-answer.ts";
import { filePath, proxiedModules, smallModule } from "./testing/proxied-modules.ts";
import { replaceFile } from "./testing/replaced-file.ts";
import { startStoa } from "./testing/stoa-process.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const endpoints = ["@v/list", "@latest", "@v/v1.2.3.info", "@v/v1.2.3.mod", "@v/v1.2.3.zip"];

/** A validator that gives the verdict of the moment and remembers what it was asked. */
async function validator() {
  const asked: unknown[] = [];
  const state = { status: 200, hangs: false };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      assert.equal(request.method, "POST");
      assert.equal(request.headers["content-type"], "application/json");
      asked.push(JSON.parse(Buffer.concat(chunks).toString()));
      if (!state.hangs) response.writeHead(state.status).end("the reason of the validator");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    host: `127.0.0.1:${port}`,
    asked,
    state,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

describe("the filter file", () => {
  const file = `# who gets what
-
+ example.com/open
- example.com/open/Closed

+  example.com/some  v1.2,~1.3.1
- example.com/some/old <v1.2.3
D example.com/elsewhere
`;
  const cases: readonly (readonly [path: string, status: number])[] = [
    ["example.com/open", 200],
    ["example.com/open/part", 200],
    ["example.com/open/Closed", 403],
    ["example.com/open/Closed/deep", 403],
    ["example.com/opener", 403],
    ["example.com/elsewhere/x", 303],
    ["unknown.example/m", 403],
  ];

  test("rules all five endpoints, for what is kept and what is not", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "filter.txt");
    await writeFile(path, file);
    const fixtures = await Promise.all(cases.map(([name]) => smallModule(name, "v1.2.3")));
    const root = join(folder.path, "kept");
    await using upstream = await fixtureProxy(fixtures);
    {
      await using filling = await startStoa({ goproxy: upstream.url, root });
      const elsewhere = fixtures.find(({ module }) => module.path.includes("Closed/deep"))!;
      assert.equal((await ask(`${filling.url}${filePath(elsewhere, "zip")}`)).status, 200);
    }
    const env = {
      ATHENS_FILTER_FILE: path,
      ATHENS_GLOBAL_ENDPOINT: "https://global.example/base/",
    };
    await using stoa = await startStoa({ goproxy: upstream.url, root, env, prefix: "/go" });
    for (const [name, status] of cases) {
      const escaped = name.replace(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`);
      const asked = upstream.requests.length;
      for (const endpoint of endpoints) {
        // Twice: the second answer may come from memory.
        for (let time = 0; time < 2; time++) {
          const answer = await ask(`${stoa.url}/${escaped}/${endpoint}`);
          assert.equal(answer.status, status, `${name} ${endpoint}: ${answer.text}`);
          if (status === 403) assert.match(answer.text, /^refused: .*filter.txt:\d\)\n$/);
          const location =
            status === 303 ? `https://global.example/base/${escaped}/${endpoint}` : undefined;
          assert.equal(answer.headers.location, location);
        }
      }
      assert.equal(upstream.requests.length > asked, status === 200);
    }
  });

  test("a line may name versions, and then speaks of no other; lists are ruled by the path alone", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "filter.txt");
    await writeFile(path, file);
    const versions = ["v1.2.0", "v1.2.9", "v1.3.0", "v1.3.1", "v1.3.9", "v1.4.0", "v1.20.0"];
    await using scene = await proxiedModules(
      await Promise.all(versions.map((version) => smallModule("example.com/some", version))),
      { env: { ATHENS_FILTER_FILE: path } },
    );
    scene.upstream.fail("/@v/main.info", {
      status: 200,
      body: '{"Version":"v1.4.0","Time":"2020-01-02T03:04:05Z"}',
    });
    const served = new Set(["v1.2.0", "v1.2.9", "v1.3.1", "v1.3.9"]);
    for (const version of versions) {
      const answer = await ask(`${scene.stoa.url}/example.com/some/@v/${version}.info`);
      assert.equal(answer.status, served.has(version) ? 200 : 403, `${version}: ${answer.text}`);
    }
    assert.equal((await ask(`${scene.stoa.url}/example.com/some/@v/list`)).status, 200);
    // A branch is no way around it.
    for (const kind of ["info", "mod", "zip"]) {
      const answer = await ask(`${scene.stoa.url}/example.com/some/@v/main.${kind}`);
      assert.equal(answer.status, 403, kind);
    }
  });

  test("a file with mistakes is refused at the start, each with its line", async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, "filter.txt");
    await writeFile(
      path,
      "+\nE example.com/x\n- example.com/y v1 v2\n- example.com/z *\n- a.b ~1.2\n",
    );
    const starting = startStoa({ goproxy: "off", env: { ATHENS_FILTER_FILE: path } });
    await assert.rejects(starting, ({ message }: Error) => {
      assert.match(message, /filter.txt:2: "E" is none of/);
      assert.match(message, /filter.txt:3: "v2" is one word too many/);
      assert.match(message, /filter.txt:5: "~1.2" names no versions/);
      assert.doesNotMatch(message, /filter.txt:[14]:/);
      return true;
    });
  });
});

test("another filter file holds when it is there, and a broken one leaves the old one in force", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "filter.txt");
  await writeFile(path, "+\n");
  const small = await smallModule("example.com/m", "v1.0.0");
  await using scene = await proxiedModules([small], { env: { ATHENS_FILTER_FILE: path } });
  const status = async () => (await ask(`${scene.stoa.url}${filePath(small, "info")}`)).status;
  assert.equal(await status(), 200);
  // There is no .netrc in its home: a file that is missing is no file that has changed.
  assert.doesNotMatch(scene.stoa.output(), /configuration reloaded/);
  // Seen without being told.
  await replaceFile(path, "-\n");
  await until("the refusal", async () => (await status()) === 403);
  await replaceFile(path, "E\n");
  scene.stoa.signal("SIGHUP");
  await until("the complaint", () => /filter.txt:1: .*is none of/.test(scene.stoa.output()));
  assert.equal(await status(), 403);
});

/** What the validator does, and the status of files then. */
const verdicts: Readonly<Record<string, { state: object; status: number }>> = {
  allows: { state: { status: 200 }, status: 200 },
  forbids: { state: { status: 403 }, status: 403 },
  fails: { state: { status: 500 }, status: 502 },
  wanders: { state: { status: 204 }, status: 502 },
  hangs: { state: { hangs: true }, status: 504 },
};

describe("the validator hook", () => {
  test("is asked for each version once while its word holds, for hits as well, and never for lists", async () => {
    await using judge = await validator();
    const loud = await smallModule("example.com/LOUD", "v1.0.0");
    const env = { ATHENS_PROXY_VALIDATOR: judge.url };
    await using scene = await proxiedModules([loud], { env });
    const url = (kind: "info" | "mod" | "zip") => `${scene.stoa.url}${filePath(loud, kind)}`;
    for (const kind of ["zip", "info", "mod", "info", "zip"] as const) {
      const answer = await ask(url(kind));
      assert.equal(answer.status, 200, answer.text);
      assert.match(
        answer.headers["cache-control"] ?? "",
        /^public, max-age=([0-9]|[1-5][0-9]|60)$/,
      );
    }
    assert.deepEqual(judge.asked, [{ Module: "example.com/LOUD", Version: "v1.0.0" }]);
    assert.equal((await ask(`${scene.stoa.url}/example.com/!l!o!u!d/@v/list`)).status, 200);
    assert.equal((await ask(`${scene.stoa.url}/example.com/!l!o!u!d/@latest`)).status, 200);
    assert.equal(judge.asked.length, 1);
  });

  test("is obeyed at once where its word is not to be remembered, from memory too", async () => {
    await using judge = await validator();
    const small = await smallModule("example.com/m", "v1.0.0");
    const env = { ATHENS_PROXY_VALIDATOR: judge.url, STOA_VALIDATOR_TTL: "0" };
    await using scene = await proxiedModules([small], { env });
    for (const kind of ["zip", "info", "mod"] as const) {
      const url = `${scene.stoa.url}${filePath(small, kind)}`;
      judge.state.status = 200;
      assert.equal((await ask(url)).status, 200);
      judge.state.status = 403;
      const refused = await ask(url);
      assert.equal(refused.status, 403);
      assert.match(refused.text, /the validator at 127.0.0.1:\d+ does not allow it/);
      assert.doesNotMatch(refused.text, /reason of the validator/);
    }
    await until("the validator's reason in the log", () =>
      /the reason of the validator/.test(scene.stoa.output()),
    );
  });

  test("decides about files alone, kept or not, whatever it says and however it fails", async () => {
    await using judge = await validator();
    const fixtures = [
      await smallModule("example.com/kept", "v1.0.0"),
      ...(await Promise.all(
        Object.keys(verdicts).map((name) => smallModule(`example.com/${name}`, "v1.0.0")),
      )),
    ];
    const env = {
      ATHENS_PROXY_VALIDATOR: judge.url,
      STOA_VALIDATOR_TTL: "0",
      STOA_VALIDATOR_TIMEOUT: "1",
    };
    await using scene = await proxiedModules(fixtures, { env });
    for (const kind of ["zip", "info", "mod"] as const) {
      assert.equal((await ask(`${scene.stoa.url}${filePath(fixtures[0]!, kind)}`)).status, 200);
    }
    for (const [name, { state, status }] of Object.entries(verdicts)) {
      Object.assign(judge.state, { hangs: false, status: 200, ...state });
      for (const path of ["example.com/kept", `example.com/${name}`]) {
        const asked = judge.asked.length;
        for (const question of ["@v/list", "@latest"]) {
          const answer = await ask(`${scene.stoa.url}/${path}/${question}`);
          assert.equal(answer.status, 200, `${name} ${path} ${question}: ${answer.text}`);
        }
        assert.equal(judge.asked.length, asked);
        const fetched = scene.upstream.requests.length;
        const answers = await Promise.all(
          (["info", "mod", "zip"] as const).map((kind) =>
            ask(`${scene.stoa.url}/${path}/@v/v1.0.0.${kind}`),
          ),
        );
        assert.deepEqual(
          answers.map((answer) => answer.status),
          [status, status, status],
          `${name} ${path}: ${answers[0]?.text}`,
        );
        assert.ok(judge.asked.length > asked);
        const isFetched = status === 200 && path !== "example.com/kept";
        assert.equal(scene.upstream.requests.length > fetched, isFetched);
      }
    }
  });

  test("that gives no verdict lets nothing through, and is not asked again and again while it hangs", async () => {
    await using judge = await validator();
    const small = await smallModule("example.com/m", "v1.0.0");
    const env = { ATHENS_PROXY_VALIDATOR: judge.url, STOA_VALIDATOR_TIMEOUT: "1" };
    await using scene = await proxiedModules([small], { env });
    const url = `${scene.stoa.url}${filePath(small, "info")}`;
    judge.state.status = 500;
    const failed = await ask(url);
    assert.equal(failed.status, 502);
    assert.match(failed.text, new RegExp(`the validator at ${judge.host} answered 500`));
    judge.state.hangs = true;
    const [one, other] = await Promise.all([ask(url), ask(url)]);
    assert.deepEqual([one.status, other.status], [504, 504]);
    assert.match(one.text, /took more than 1000 ms/);
    assert.equal(judge.asked.length, 2);
    judge.state.hangs = false;
    judge.state.status = 200;
    assert.equal((await ask(url)).status, 200);
  });

  test("that cannot be reached lets nothing through", async () => {
    const small = await smallModule("example.com/m", "v1.0.0");
    const judge = await validator();
    await judge[Symbol.asyncDispose]();
    await using scene = await proxiedModules([small], {
      env: { ATHENS_PROXY_VALIDATOR: judge.url },
    });
    const answer = await ask(`${scene.stoa.url}${filePath(small, "info")}`);
    assert.equal(answer.status, 502);
    assert.match(answer.text, /could not be asked \(ECONNREFUSED\)/);
    assert.equal(scene.upstream.requests.length, 0);
  });
});

describe("the go command", { skip: goIsMissing() }, () => {
  const module = "example.com/m@v1.0.0";

  test("goes on to its second proxy for a module of the mode none, and not after a refusal", async () => {
    await using folder = await temporaryFolder();
    const filter = join(folder.path, "filter.txt");
    await writeFile(filter, "- example.com/m\n");
    const small = await smallModule("example.com/m", "v1.0.0");
    await using second = await fixtureProxy([small]);
    await using none = await startStoa({
      goproxy: second.url,
      env: { ATHENS_DOWNLOAD_MODE: "none" },
    });
    await using first = await goCommand({ goproxy: `${none.url},${second.url}` });
    await first.succeed(["mod", "download", module]);
    await first.succeed(["mod", "download", "example.com/m@latest"]);
    const asked = second.requests.length;

    await using refusing = await startStoa({
      goproxy: second.url,
      env: { ATHENS_FILTER_FILE: filter },
    });
    await using other = await goCommand({ goproxy: `${refusing.url},${second.url}` });
    const { code, stderr } = await other.run(["mod", "download", module]);
    assert.notEqual(code, 0);
    assert.match(stderr, /the filter file excludes it: exclude \(filter.txt:1\)/);
    assert.equal(second.requests.length, asked);
  });

  test("follows a redirect by the download mode and one by the filter", async () => {
    await using folder = await temporaryFolder();
    const filter = join(folder.path, "filter.txt");
    await writeFile(filter, "D example.com\n");
    const loud = await smallModule("example.com/LOUD", "v1.0.0-RC1");
    await using elsewhere = await fixtureProxy([loud]);
    await using upstream = await fixtureProxy([]);
    for (const env of [
      { ATHENS_DOWNLOAD_MODE: "redirect", ATHENS_DOWNLOAD_URL: elsewhere.url },
      { ATHENS_FILTER_FILE: filter, ATHENS_GLOBAL_ENDPOINT: elsewhere.url },
    ]) {
      await using stoa = await startStoa({ goproxy: upstream.url, env, prefix: "/go" });
      await using go = await goCommand({ goproxy: stoa.url });
      await go.succeed(["mod", "download", "example.com/LOUD@latest"]);
    }
    assert.equal(upstream.requests.length, 0);
  });
});
