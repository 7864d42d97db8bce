// What operators do with a running Stoa: TLS, accounts, sockets, request ids, pages, diagnostics, reloading.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fixtureProxy } from "@stoa/proxy/testing";
import { until } from "./testing/bounded-wait.ts";
import { goCommand, goIsMissing } from "./testing/go-command.ts";
import { ask, type HttpQuestion } from "./testing/http-answer.ts";
import { readMetrics } from "./testing/metrics-text.ts";
import {
  filePath,
  type ProxiedModules,
  proxiedModules,
  smallModule,
} from "./testing/proxied-modules.ts";
import { replaceFile } from "./testing/replaced-file.ts";
import { said } from "./testing/said.ts";
import { startStoa } from "./testing/stoa-process.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";
import { tlsFiles } from "./testing/tls-files.ts";

const goproxy = "http://127.0.0.1:9";

function basic(account: string): Record<string, string> {
  return { Authorization: `Basic ${Buffer.from(account).toString("base64")}` };
}

test("the go command downloads over TLS", { skip: goIsMissing() }, async () => {
  await using folder = await temporaryFolder();
  const { cert, key } = await tlsFiles(folder.path);
  const small = await smallModule("example.com/small", "v1.0.0");
  await using scene = await proxiedModules([small], {
    env: { ATHENS_TLSCERT_FILE: cert, ATHENS_TLSKEY_FILE: key, PROXY_FORCE_SSL: "true" },
  });
  assert.match(scene.stoa.url, /^https:/);
  for (const GODEBUG of ["http2client=1", "http2client=0"]) {
    const env = { SSL_CERT_FILE: cert, GODEBUG };
    await using go = await goCommand({ goproxy: scene.stoa.url, env });
    assert.match(
      await go.succeed(["mod", "download", "-json", "example.com/small@v1.0.0"]),
      /"Zip"/,
    );
  }
});

test("the go command authenticates with an account in GOPROXY and with .netrc", {
  skip: goIsMissing(),
}, async () => {
  await using folder = await temporaryFolder();
  const { cert, key } = await tlsFiles(folder.path);
  const small = await smallModule("example.com/small", "v1.0.0");
  await using scene = await proxiedModules([small], {
    env: {
      BASIC_AUTH_USER: "reader",
      BASIC_AUTH_PASS: "open-sesame",
      // The go command sends no password without TLS.
      ATHENS_TLSCERT_FILE: cert,
      ATHENS_TLSKEY_FILE: key,
    },
  });
  const words = ["mod", "download", "example.com/small@v1.0.0"];
  const env = { SSL_CERT_FILE: cert };
  await using stranger = await goCommand({ goproxy: scene.stoa.url, env });
  const refused = await stranger.run(words);
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /401 Unauthorized|this proxy asks for a user name/);
  const withAccount = scene.stoa.url.replace("://", "://reader:open-sesame@");
  await using guest = await goCommand({ goproxy: withAccount, env });
  await guest.succeed(words);
  await using member = await goCommand({ goproxy: scene.stoa.url, env });
  const netrc = `machine ${new URL(scene.stoa.url).host} login reader password open-sesame\n`;
  await writeFile(join(member.folder, ".netrc"), netrc, { mode: 0o600 });
  await member.succeed(words);
  await scene.stoa.stop();
  assert.ok(!scene.stoa.output().includes("open-sesame"));
});

test("ForceSSL sends clients to https unless the proxy in front speaks it", async () => {
  await using stoa = await startStoa({ goproxy, env: { PROXY_FORCE_SSL: "true" } });
  const { host } = new URL(stoa.url);
  const sent = await ask(`${stoa.url}/example.com/!m/@v/list`);
  assert.equal(sent.status, 301);
  assert.equal(sent.headers.location, `https://${host}/example.com/!m/@v/list`);
  assert.equal(
    (await ask(`${stoa.url}/`, { headers: { "X-Forwarded-Proto": "https" } })).status,
    200,
  );
  assert.equal((await ask(`${stoa.url}/healthz`)).status, 200);
});

test("Stoa serves on a unix socket", async () => {
  await using folder = await temporaryFolder();
  const socketPath = join(folder.path, "stoa.sock");
  await using stoa = await startStoa({ goproxy, env: { ATHENS_UNIX_SOCKET: socketPath } });
  assert.equal(stoa.url, socketPath);
  const status = await new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: "/healthz" }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on("error", reject);
    asked.end();
  });
  assert.equal(status, 200);
  assert.deepEqual(await stoa.stop(), { code: 0, signal: null });
});

describe("Athens-Request-ID", () => {
  let scene: ProxiedModules;
  let open: ProxiedModules;
  let info: string;
  before(async () => {
    const small = await smallModule("example.com/small", "v1.0.0");
    info = filePath(small, "info");
    open = await proxiedModules([small]);
    scene = await proxiedModules([small], { env: { BASIC_AUTH_USER: "a", BASIC_AUTH_PASS: "b" } });
  });
  after(async () => {
    await open[Symbol.asyncDispose]();
    await scene[Symbol.asyncDispose]();
  });

  const questions: readonly (readonly [
    name: string,
    path: string | undefined,
    question: HttpQuestion,
    status: number,
  ])[] = [
    ["a miss", undefined, {}, 200],
    ["a hit from memory", undefined, {}, 200],
    ["a head from memory", undefined, { method: "HEAD" }, 200],
    ["a part", undefined, { headers: { Range: "bytes=0-3" } }, 206],
    ["what has not changed", undefined, { headers: { "If-None-Match": "*" } }, 304],
    ["a zip", "/example.com/small/@v/v1.0.0.zip", {}, 200],
    ["a list", "/example.com/small/@v/list", {}, 200],
    ["absence", "/example.com/nobody/@v/v1.0.0.info", {}, 404],
    ["no such page", "/nothing", {}, 404],
    ["a malformed path", "/example.com/%zz/@v/list", {}, 400],
    ["another method", "/", { method: "POST" }, 405],
    ["a page", "/healthz", {}, 200],
  ];
  for (const [name, path, question, status] of questions) {
    test(`is in the answer for ${name}`, async () => {
      const url = `${open.stoa.url}${path ?? info}`;
      const given = {
        ...question,
        headers: { ...question.headers, "Athens-Request-ID": "build-4711" },
      };
      const answer = await ask(url, given);
      assert.equal(answer.status, status);
      assert.equal(answer.headers["athens-request-id"], "build-4711");
      const made = (await ask(url, question)).headers["athens-request-id"];
      assert.match(`${made}`, /^[\w-]+$/);
    });
  }

  test("is in the answer to a stranger, and no foreign line break ever is", async () => {
    const answer = await ask(`${scene.stoa.url}/`, { headers: { "Athens-Request-ID": "x" } });
    assert.deepEqual([answer.status, answer.headers["athens-request-id"]], [401, "x"]);
    const odd = await ask(`${open.stoa.url}${info}`, { headers: { "Athens-Request-ID": "a b" } });
    assert.notEqual(odd.headers["athens-request-id"], "a b");
  });
});

test("the operator's own home page and robots.txt are shown, as they are at the moment", async () => {
  await using folder = await temporaryFolder();
  const home = join(folder.path, "home.html");
  const robots = join(folder.path, "robots.txt");
  const env = { ATHENS_HOME_TEMPLATE_PATH: home, ATHENS_ROBOTS_FILE: robots };
  await using stoa = await startStoa({ goproxy, prefix: "/go", env });
  const page = async (path: string) => (await ask(`${stoa.url}${path}`)).text;
  assert.match(await page("/"), /export GOPROXY=/);
  assert.match(await page("/robots.txt"), /Disallow: \/$/m);
  await writeFile(home, "<p>{{ .Host }}</p>");
  await writeFile(robots, "User-agent: *\nAllow: /\n");
  assert.equal(await page("/"), `<p>${new URL(stoa.url).origin}</p>`);
  assert.equal(await page("/robots.txt"), "User-agent: *\nAllow: /\n");
  await writeFile(home, "{{ template }}");
  assert.match(
    await page("/"),
    /^not supported: line 1 of the home template has \{\{ template \}\}/,
  );
});

test("metrics have Athens' names too, and can be switched off", async () => {
  const small = await smallModule("example.com/small", "v1.0.0");
  await using scene = await proxiedModules([small]);
  for (const kind of ["zip", "zip", "mod"] as const)
    await ask(`${scene.stoa.url}${filePath(small, kind)}`);
  await ask(`${scene.stoa.url}/example.com/nobody/@v/v1.0.0.zip`);
  const metrics = readMetrics((await ask(`${scene.stoa.url}/metrics`)).text);
  const countOf = (name: string, labels: Record<string, string>): number | undefined =>
    [...metrics.values()]
      .flatMap(({ samples }) => samples)
      .find(
        (sample) =>
          sample.name === name &&
          Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
      )?.value;
  const lookup = "proxy_cache_lookup_total";
  assert.equal(countOf(lookup, { cache_type: "zip", cache_result: "miss" }), 2);
  assert.equal(countOf(lookup, { cache_type: "zip", cache_result: "hit" }), 1);
  assert.equal(countOf(lookup, { cache_type: "gomod", cache_result: "hit" }), 1);
  assert.equal(countOf("proxy_upstream_fetch_total", { fetch_result: "success" }), 1);
  assert.equal(countOf("proxy_upstream_fetch_total", { fetch_result: "failure" }), 1);
  assert.equal(
    countOf("proxy_upstream_fetch_duration_seconds_count", { fetch_result: "success" }),
    1,
  );
  await using silent = await startStoa({ goproxy, env: { ATHENS_STATS_EXPORTER: "" } });
  assert.equal((await ask(`${silent.url}/metrics`)).status, 404);
});

test("diagnostics have a port of their own, on this machine alone", async () => {
  await using stoa = await startStoa({
    goproxy,
    env: { ATHENS_ENABLE_PPROF: "true", ATHENS_PPROF_PORT: "0" },
  });
  const url = await until(
    "where they are",
    () => /diagnostics at (http:\/\/127\.0\.0\.1:\d+)(?=\D)/.exec(stoa.output())?.[1],
  );
  assert.match((await ask(`${url}/`)).text, /\/cpu-profile\?seconds=/);
  const metrics = readMetrics((await ask(`${url}/metrics`)).text);
  for (const name of [
    "nodejs_eventloop_lag_p99_seconds",
    "nodejs_heap_size_used_bytes",
    "nodejs_gc_duration_seconds",
  ]) {
    assert.ok(metrics.has(name), name);
  }
  const profile = JSON.parse((await ask(`${url}/debug/pprof/profile?seconds=0.05`)).text) as object;
  assert.ok("nodes" in profile && "samples" in profile);
  // Each lasts long enough for the other to come meanwhile.
  const both = await Promise.all([
    ask(`${url}/cpu-profile?seconds=4`),
    ask(`${url}/cpu-profile?seconds=4`),
  ]);
  assert.deepEqual(both.map(({ status }) => status).toSorted(), [200, 409]);
  const snapshot = await ask(`${url}/heap-snapshot`);
  assert.ok("snapshot" in (JSON.parse(snapshot.text) as object));
  assert.equal((await ask(`${url}/cpu-profile?seconds=x`)).status, 400);
  assert.equal((await ask(`${url}/other`)).status, 404);
  assert.equal((await ask(`${stoa.url}/debug/pprof/`)).status, 404);
  await stoa.stop();
});

test("GithubToken and NETRCPath leave the user's own files alone", async () => {
  await using folder = await temporaryFolder();
  const netrc = join(folder.path, "mounted");
  await writeFile(netrc, "machine example.com login a password b\n");
  await using stoa = await startStoa({
    goproxy,
    env: { ATHENS_NETRC_PATH: netrc, ATHENS_GITHUB_TOKEN: "open-sesame" },
  });
  await ask(`${stoa.url}/example.com/small/@v/list`);
  await assert.rejects(readFile(join(stoa.folder, ".netrc")), { code: "ENOENT" });
  await stoa.stop();
  assert.ok(!stoa.output().includes("open-sesame"));
});

test("on SIGHUP and when a file changes, level and credentials are taken; a broken file changes nothing", async () => {
  const small = await smallModule("example.com/small", "v1.0.0");
  await using upstream = await fixtureProxy([small]);
  await using folder = await temporaryFolder();
  const [file, netrc] = [join(folder.path, "c.toml"), join(folder.path, "netrc")] as const;
  const login = (password: string): Promise<void> =>
    replaceFile(netrc, `machine 127.0.0.1 login reader password ${password}\n`);
  await login("first");
  await writeFile(file, `LogLevel = "info"\nNETRCPath = ${JSON.stringify(netrc)}\n`);
  await using stoa = await startStoa({
    goproxy: upstream.url,
    words: ["serve", "--config-file", file],
  });
  const sent = async (path: string): Promise<string | undefined> => {
    await ask(`${stoa.url}${path}`);
    return upstream.requests.at(-1)?.headers.authorization;
  };
  assert.equal(await sent("/example.com/a/@v/list"), basic("reader:first")["Authorization"]);

  await login("second-password");
  await until("the changed .netrc to be read", () =>
    stoa.output().includes("configuration reloaded"),
  );
  assert.equal(
    await sent("/example.com/b/@v/list"),
    basic("reader:second-password")["Authorization"],
  );

  await replaceFile(file, "LogLevel = ");
  stoa.signal("SIGHUP");
  await until("the broken file to be refused", () =>
    stoa.output().includes("the old one stays in force"),
  );
  await said(stoa, /c\.toml:1:\d+: this is not TOML/);
  assert.equal(
    await sent("/example.com/c/@v/list"),
    basic("reader:second-password")["Authorization"],
  );

  await replaceFile(
    file,
    `LogLevel = "debug"\nNETRCPath = ${JSON.stringify(netrc)}\nTimeout = 7\n`,
  );
  stoa.signal("SIGHUP");
  await until("the mended file to be read", () =>
    stoa.output().includes("at the next start: Timeout"),
  );
  await ask(`${stoa.url}/example.com/d/@v/list`);
  assert.equal(stoa.isRunning(), true);
  await stoa.stop();
  assert.match(stoa.output(), /"level":"debug"/);
});
