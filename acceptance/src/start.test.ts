// Starting and stopping: what a user types, what they see, and what is refused.
import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { freePort, heldPort } from "./testing/free-port.ts";
import { ask } from "./testing/http-answer.ts";
import { finishedStoa, startStoa } from "./testing/stoa-process.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

/** An upstream that is never asked in these tests. */
const goproxy = "http://127.0.0.1:9";

test("serve creates its storage folder, also below folders that are missing", async () => {
  await using folder = await temporaryFolder();
  const root = join(folder.path, "not", "there", "yet");
  await using stoa = await startStoa({ goproxy, root });
  assert.ok((await stat(root)).isDirectory());
  assert.equal((await ask(`${stoa.url}/readyz`)).status, 200);
});

test("serve keeps modules in ./data when nobody says where", async () => {
  await using stoa = await startStoa({ goproxy, env: { ATHENS_DISK_STORAGE_ROOT: undefined } });
  assert.ok((await stat(join(stoa.folder, "data"))).isDirectory());
});

test("serve writes one line for people when it is ready, with what to type", async () => {
  await using stoa = await startStoa({ goproxy, env: { ATHENS_LOG_FORMAT: "plain" } });
  await ask(`${stoa.url}/healthz`);
  const lines = stoa.output().split("\n");
  assert.equal(lines.filter((line) => line.includes(`export GOPROXY=${stoa.url}`)).length, 1);
  assert.match(lines[0] ?? "", /export GOPROXY=/);
});

const addresses: readonly (readonly [variable: string, value: (port: number) => string])[] = [
  ["ATHENS_PORT", (port) => `${port}`],
  ["ATHENS_PORT", (port) => `:${port}`],
  ["ATHENS_PORT", (port) => `127.0.0.1:${port}`],
  ["ATHENS_PORT", (port) => `localhost:${port}`],
  ["PORT", (port) => `${port}`],
  ["PORT", (port) => `127.0.0.1:${port}`],
];
for (const [variable, value] of addresses) {
  test(`serve listens where ${variable}=${value(3000)} says`, async () => {
    const port = await freePort();
    await using stoa = await startStoa({
      goproxy,
      env: { ATHENS_PORT: undefined, [variable]: value(port) },
    });
    assert.equal(new URL(stoa.url).port, `${port}`);
    assert.equal((await ask(`${stoa.url}/healthz`)).status, 200);
  });
}

const speaksIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((address) => address?.address === "::1");
test("serve listens on an IPv6 address", {
  skip: !speaksIpv6 && "this machine has no ::1",
}, async () => {
  await using stoa = await startStoa({ goproxy, env: { ATHENS_PORT: "[::1]:0" } });
  assert.match(stoa.url, /^http:\/\/\[::1\]:\d+$/);
  assert.equal((await ask(`${stoa.url}/healthz`)).status, 200);
});

test("ATHENS_PORT wins over PORT", async () => {
  const port = await freePort();
  await using stoa = await startStoa({
    goproxy,
    env: { ATHENS_PORT: `127.0.0.1:${port}`, PORT: "nonsense" },
  });
  assert.equal(new URL(stoa.url).port, `${port}`);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`serve ends with 0 after ${signal}`, async () => {
    await using stoa = await startStoa({ goproxy });
    await ask(`${stoa.url}/healthz`);
    stoa.signal(signal);
    assert.deepEqual(await stoa.ended, { code: 0, signal: null });
  });
}

test("serve refuses a port that is taken, in one sentence", async () => {
  await using held = await heldPort();
  const end = await finishedStoa(["serve"], {
    ATHENS_PORT: `127.0.0.1:${held.port}`,
    GOPROXY: goproxy,
  });
  assert.notEqual(end.code, 0);
  assert.match(end.stderr, new RegExp(`^stoa: [^\n]*${held.port}[^\n]*\n$`));
});

test("serve refuses a storage folder that is a file, in one sentence", async () => {
  const end = await finishedStoa(["serve"], {
    ATHENS_PORT: "127.0.0.1:0",
    ATHENS_DISK_STORAGE_ROOT: "/dev/null",
    GOPROXY: goproxy,
  });
  assert.notEqual(end.code, 0);
  assert.match(end.stderr, /^stoa: [^\n]*\/dev\/null[^\n]*\n$/);
});

const wrongValues: readonly (readonly [variable: string, value: string])[] = [
  ["ATHENS_PORT", "three thousand"],
  ["ATHENS_PORT", "127.0.0.1:65536"],
  ["PORT", "-1"],
  ["ATHENS_STORAGE_TYPE", "tape"],
  ["ATHENS_PATH_PREFIX", "no-slash"],
  ["ATHENS_PATH_PREFIX", "/a/../b"],
  ["ATHENS_LOG_LEVEL", "loud"],
  ["ATHENS_LOG_FORMAT", "xml"],
  ["ATHENS_TIMEOUT", "0"],
  ["ATHENS_SHUTDOWN_TIMEOUT", "a while"],
  ["ATHENS_GO_BINARY_ENV_VARS", "GOPROXY"],
  ["STOA_LIST_TTL", "1.5"],
  ["STOA_ABSENCE_TTL", "-1"],
  ["STOA_UPSTREAM_CONNECTIONS", "0"],
];
for (const [variable, value] of wrongValues) {
  test(`${variable}=${value} is refused by serve and by config check`, async () => {
    for (const args of [["serve"], ["config", "check"]]) {
      const end = await finishedStoa(args, { GOPROXY: goproxy, [variable]: value });
      assert.notEqual(end.code, 0, args.join(" "));
      assert.match(end.stderr, /^stoa: [^\n]+\n$/);
      assert.ok(end.stderr.includes(variable), end.stderr);
      assert.ok(end.stderr.includes(value), end.stderr);
    }
  });
}

for (const list of ["ftp://proxy.example", ",", "http://[::bad"]) {
  test(`GOPROXY=${list} is refused by serve and by config check`, async () => {
    for (const args of [["serve"], ["config", "check"]]) {
      const end = await finishedStoa(args, { ATHENS_PORT: "127.0.0.1:0", GOPROXY: list });
      assert.notEqual(end.code, 0, args.join(" "));
      assert.match(end.stderr, /^stoa: [^\n]*GOPROXY[^\n]*\n$/);
    }
  });
}

test("config check tells all that is wrong at once", async () => {
  const end = await finishedStoa(["config", "check"], {
    ATHENS_PORT: "three",
    STOA_LIST_TTL: "soon",
    GOPROXY: "ftp://proxy.example",
  });
  assert.equal(end.code, 1);
  assert.equal(end.stderr.trimEnd().split("\n").length, 3, end.stderr);
});

test("config check says that all is well", async () => {
  const end = await finishedStoa(["config", "check"], { GOPROXY: goproxy });
  assert.equal(end.code, 0);
  assert.equal(end.stderr, "");
  assert.match(end.stdout, /\S/);
});

test("config print shows every value, where it came from, and no password", async () => {
  const env = {
    ATHENS_PORT: "127.0.0.1:4711",
    STOA_LIST_TTL: "7",
    ATHENS_GO_BINARY_ENV_VARS: "GOPROXY=https://user:open-sesame@proxy.example",
  };
  const table = await finishedStoa(["config", "print"], env);
  assert.equal(table.code, 0);
  assert.match(table.stdout, /127\.0\.0\.1:4711.*ATHENS_PORT/);
  assert.match(table.stdout, /\b7\b.*STOA_LIST_TTL/);
  assert.match(table.stdout, /proxy\.example/);
  const json = await finishedStoa(["config", "print", "--json"], env);
  const values = JSON.parse(json.stdout) as Record<string, { value: unknown; source: string }>;
  assert.ok(Object.values(values).some(({ source }) => source === "ATHENS_PORT"));
  assert.ok(Object.values(values).some(({ source }) => source === "default"));
  for (const end of [table, json]) assert.ok(!end.stdout.includes("open-sesame"));
});

test("--help, serve --help and --version explain themselves", async () => {
  const help = await finishedStoa(["--help"]);
  assert.equal(help.code, 0);
  for (const word of ["serve", "config", "--version"]) assert.ok(help.stdout.includes(word), word);
  const serve = await finishedStoa(["serve", "--help"]);
  assert.equal(serve.code, 0);
  for (const name of ["ATHENS_PORT", "PORT", "ATHENS_DISK_STORAGE_ROOT", "STOA_LIST_TTL"]) {
    assert.ok(serve.stdout.includes(name), name);
  }
  const version = await finishedStoa(["--version"]);
  assert.equal(version.code, 0);
  assert.match(version.stdout, /^\d+\.\d+\.\d+\S*\n$/);
});

test("a word that is no command, or no option, is refused with the way to help", async () => {
  for (const args of [["sevre"], ["serve", "--prot=1"], ["config", "prnt"]]) {
    const end = await finishedStoa(args, { GOPROXY: goproxy });
    assert.notEqual(end.code, 0, args.join(" "));
    assert.match(end.stderr, /--help/);
  }
});
