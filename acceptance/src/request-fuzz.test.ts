// Request lines that nobody would type, for a bounded time: no crash, no 5xx, nothing touched outside the store.
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { ask } from "./testing/http-answer.ts";
import { entriesBelow } from "./testing/live-folder.ts";
import { filePath, proxiedModules, smallModule } from "./testing/proxied-modules.ts";
import { oneOf, type RandomBelow, randomNumbers } from "./testing/random-numbers.ts";
import { rawExchange, statusesIn } from "./testing/raw-exchange.ts";
import { filesIn } from "./testing/stored-versions.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const limitMs = 10_000;
/** Tried however slow the machine is. */
const fewestExchanges = 500;
const mostExchanges = 20_000;
const atOnce = 8;
const canary = "the canary beside the store";

test("no request line harms the program or leads out of the store", async (t) => {
  const seed = Number(process.env["STOA_TEST_SEED"] ?? Date.now() % 1_000_000);
  t.diagnostic(`the request lines are those of STOA_TEST_SEED=${seed}`);
  const below = randomNumbers(seed);
  const small = await smallModule("example.com/small", "v1.0.0");
  await using folder = await temporaryFolder();
  const root = join(folder.path, "example.com", "store");
  await plantCanaries(folder.path);
  await using scene = await proxiedModules([small], { root });
  await ask(`${scene.stoa.url}${filePath(small, "zip")}`);
  const outside = await contentsOf(folder.path, root);
  const home = await contentsOf(scene.stoa.folder, root);
  const { port } = new URL(scene.stoa.url);

  const statuses = new Map<number, number>();
  const harms: string[] = [];
  const end = performance.now() + limitMs;
  let exchanges = 0;
  const isTimeLeft = (): boolean =>
    exchanges < fewestExchanges || (performance.now() < end && exchanges < mostExchanges);
  const client = async (): Promise<void> => {
    while (isTimeLeft() && scene.stoa.isRunning()) {
      exchanges += 1;
      const line = firstLines[exchanges - 1] ?? requestLine(below);
      const bytes = `${line}\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`;
      const received = await rawExchange(scene.stoa.url, Buffer.from(bytes, "latin1"));
      for (const status of statusesIn(received)) {
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
      if (isHarm(received) || !scene.stoa.isRunning()) {
        harms.push(`${JSON.stringify(line)} was answered with\n${received.toString("latin1")}`);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, client));

  t.diagnostic(`${exchanges} request lines: ${JSON.stringify(Object.fromEntries(statuses))}`);
  assert.ok(scene.stoa.isRunning(), `the program ended:\n${scene.stoa.output().slice(-2000)}`);
  assert.deepEqual(harms.slice(0, 3), [], `${harms.length} request lines did harm`);
  assert.ok(exchanges >= fewestExchanges, `only ${exchanges} request lines were tried`);
  assert.deepEqual(await contentsOf(folder.path, root), outside);
  assert.deepEqual(await contentsOf(scene.stoa.folder, root), home);
  const inside = (await filesIn(root)).filter((name) => !name.startsWith(".stoa/"));
  assert.deepEqual(
    inside,
    ["go.mod", "source.zip", "v1.0.0.info"].map((name) => `example.com/small/v1.0.0/${name}`),
  );
  assert.equal((await ask(`${scene.stoa.url}${filePath(small, "zip")}`)).status, 200);
  assert.doesNotMatch(scene.stoa.output(), /canary/);
});

/** Whether an answer is a 5xx, or shows what lies outside the store. */
function isHarm(received: Buffer): boolean {
  return statusesIn(received).some((status) => status >= 500) || received.includes(canary);
}

/** Versions that look whole, everywhere a path could lead that climbs out of the store. */
async function plantCanaries(folder: string): Promise<void> {
  for (const place of ["", "example.com", "example.com/small", "etc"]) {
    const version = join(folder, place, "v1.0.0");
    await mkdir(version, { recursive: true });
    for (const name of ["go.mod", "source.zip", "v1.0.0.info"]) {
      await writeFile(join(version, name), canary);
    }
  }
  await writeFile(join(folder, "secret"), canary);
}

/** Names and contents of all files below a folder, but not below `except`. */
async function contentsOf(folder: string, except: string): Promise<Record<string, string>> {
  const contents: Record<string, string> = {};
  for (const entry of await entriesBelow(folder, (path) => path === except)) {
    const path = join(entry.parentPath, entry.name);
    contents[path] = entry.isDirectory() ? "folder" : (await readFile(path)).toString("latin1");
  }
  return contents;
}

/** Tried before anything that chance makes up. */
const firstLines = [
  "CONNECT example.com:443 HTTP/1.1",
  "CONNECT example.com:443 HTTP/2.0",
  "CONNECT / HTTP/0.9",
  "PRI * HTTP/2.0",
  "OPTIONS * HTTP/1.1",
  "GET / HTTP/2.0",
  "GET /",
];
const methods = [
  "HEAD",
  "POST",
  "DELETE",
  "CONNECT",
  "OPTIONS",
  "TRACE",
  "get",
  "",
  "G\0T",
  "PRI",
  "GET\tHEAD",
];
const versions = [
  "HTTP/1.0",
  "HTTP/0.9",
  "HTTP/2.0",
  "HTTP/9.9",
  "HTTP/1.1 ",
  "http/1.1",
  "SSH-2.0",
  "",
];
const pieces = [
  "/",
  "/",
  "/",
  "//",
  "/..",
  "/.",
  "/../../",
  "..",
  "....",
  "\\",
  "..\\",
  "%2e%2e",
  "%2e%2e%2f",
  "..%2f",
  "%2F",
  "%252e%252e%252f",
  "%5c",
  "%00",
  "%0a",
  "%0d%0a",
  "%",
  "%zz",
  "%c0%ae",
  "%ff",
  "%u002e",
  "!",
  "!!",
  "!A",
  "!a",
  "%21",
  "@",
  "%40",
  "/@v/",
  "/@v/list",
  "/@latest",
  "@v",
  "v1.0.0",
  "v1.0.0.info",
  "v1.0.0.mod",
  "v1.0.0.zip",
  ".info",
  ".mod",
  ".zip",
  "list",
  "latest",
  "main.info",
  "+incompatible",
  "v2.0.0+incompatible",
  "~",
  "$(id)",
  ";",
  "'",
  '"',
  "<",
  "|",
  "*",
  "?",
  "#",
  "&",
  "=",
  "example.com",
  "example.com/small",
  "EXAMPLE.COM",
  "cached-only",
  "/cached-only/",
  "sumdb/",
  "healthz",
  "metrics",
  ".stoa",
  ".stoa/incoming",
  ".stoa/loose",
  "etc",
  "etc/passwd",
  "secret",
  "go.mod",
  "source.zip",
  "con",
  "nul.txt",
  "aux",
  "v0.0.0-20200102030405-0123456789ab",
  "v1",
  "v01.2.3",
  "v99999999999999999999.0.0",
  " ",
  "\t",
  "\x01",
  "\x7f",
  "\xe4",
  "\xff",
  "http://",
  "https://example.com/",
  "file:///",
  "127.0.0.1:1",
  "[::1]",
  "C:",
  "\xc3\xa9",
  "xn--",
  "-",
  "-flag",
  "--upload-pack=id",
  "a".repeat(300),
  "/b".repeat(150),
];
const wholes = [
  "/example.com/small/@v/list",
  "/example.com/small/@v/v1.0.0.zip",
  "/example.com/small/@v/v1.0.0.info",
  "/cached-only/example.com/small/@v/v1.0.0.mod",
  "/example.com/small/@latest",
  "/",
  "/metrics",
  "/../secret",
];

function requestLine(below: RandomBelow): string {
  const kind = below(20);
  if (kind === 0) return randomBytes(below, 1 + below(200));
  const target = kind < 6 ? mutated(below, oneOf(below, wholes)) : composed(below);
  const method = below(5) === 0 ? oneOf(below, methods) : "GET";
  const version = below(10) === 0 ? oneOf(below, versions) : "HTTP/1.1";
  const line = `${method} ${target} ${version}`;
  return kind === 1 ? mutated(below, line) : line;
}

function composed(below: RandomBelow): string {
  const target = Array.from({ length: 1 + below(9) }, () => oneOf(below, pieces)).join("");
  const length = below(200) === 0 ? "/x".repeat(below(20_000)) : "";
  return below(4) === 0 ? target : `/${target}${length}`;
}

/** The text with a few places exchanged for something else, doubled, or taken out. */
function mutated(below: RandomBelow, text: string): string {
  let changed = text;
  for (let change = 1 + below(4); change > 0; change--) {
    const at = below(changed.length + 1);
    const replacement = [
      oneOf(below, pieces),
      randomBytes(below, 1),
      "",
      changed.slice(at, at + 5).repeat(2),
    ];
    changed = changed.slice(0, at) + oneOf(below, replacement) + changed.slice(at + below(4));
  }
  return changed;
}

/** Any bytes, as Latin-1, but no line feed, which would end the line. */
function randomBytes(below: RandomBelow, length: number): string {
  const bytes = Array.from({ length }, () => below(256)).map((byte) => (byte === 10 ? 11 : byte));
  return String.fromCharCode(...bytes);
}
