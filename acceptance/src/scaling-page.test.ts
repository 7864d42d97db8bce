// docs/scaling.md: its shell blocks run as they are printed.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chown, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { s3ServerIsMissing } from "@stoa/blobs/testing";
import { fixtureProxy, missingProgram, noPostgres } from "@stoa/proxy/testing";
import { heldPort } from "./testing/free-port.ts";
import { goIsMissing } from "./testing/go-command.ts";
import { endNow, own } from "./testing/owned-processes.ts";
import { filePath, smallModule } from "./testing/proxied-modules.ts";
import { compiledCodeFolder, programFile, repositoryRoot } from "./testing/repository.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const page = await readFile(join(repositoryRoot, "docs", "scaling.md"), "utf8");
const missing = [
  s3ServerIsMissing(),
  noPostgres,
  missingProgram("/usr/sbin/nginx", "nginx-light"),
  missingProgram("curl", "curl"),
  goIsMissing(),
].find((reason) => reason !== false);

const patienceMs = 180_000;

/** PostgreSQL refuses root; what root starts runs as nobody. */
const nobody = 65_534;
const owner = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};

const look = spawnSync("sh", ["-c", 'test -r "$0" && versitygw --version', programFile], owner);
const closed =
  look.status !== 0 &&
  "nobody, as whom root runs PostgreSQL, may not read the folder of this project";

test("the example of three instances runs as it is printed", {
  skip: missing ?? closed,
}, async () => {
  await using folder = await temporaryFolder();
  if (owner.uid !== undefined) await chown(folder.path, owner.uid, owner.gid);
  const quote = await smallModule("rsc.io/quote", "v1.5.2");
  await using upstream = await fixtureProxy([quote]);
  const script = join(folder.path, "page.sh");
  await writeFile(script, `set -e\n${shellBlocks().join("\n")}`);
  const shell = own(
    spawn("bash", [script], {
      ...owner,
      cwd: repositoryRoot,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: folder.path,
        FLEET: join(folder.path, "fleet"),
        PORTS: await freeTens(),
        STOA: `${process.execPath} ${programFile}`,
        NODE_COMPILE_CACHE: compiledCodeFolder,
        GOENV: "off",
        GOPROXY: upstream.url,
        GOSUMDB: "off",
        GOFLAGS: "-modcacherw",
        GOTOOLCHAIN: "local",
      },
    }),
    { group: true },
  );
  const { code, stdout, stderr } = await ended(shell);
  const logs = code === 0 ? "" : await logsIn(join(folder.path, "fleet"));
  assert.equal(code, 0, `${stdout}\n${stderr}\n${logs}`);

  for (const engine of ["storage s3", "state postgres", "single flight state"]) {
    assert.ok(stdout.includes(`${engine}: works\n`), stdout);
  }
  assert.match(stdout, /"Version": "v1\.5\.2",[^}]*"Sum": "h1:/);
  const zips = upstream.requests.filter(({ path }) => path === filePath(quote, "zip"));
  assert.equal(zips.length, 1);
  const kept = await readdir(join(folder.path, "fleet/s3/modules/rsc.io/quote/@v"));
  assert.deepEqual(kept.sort(), ["v1.5.2.info", "v1.5.2.mod", "v1.5.2.zip"]);
});

/** What stands in the page between ```sh and ```. */
function shellBlocks(): readonly string[] {
  const blocks = [...page.matchAll(/^```sh\n((?:.|\n)*?)^```$/gm)].map(([, block = ""]) => block);
  assert.ok(blocks.length > 5, "the page has lost its blocks");
  return blocks;
}

/**
 * All but the last digit of ten ports that nobody has at this moment, from 10,000 to 10,239, which are given to nobody by
 * Linux, by agents or by `freePort`: the servers start one after the other, and none of the ten may be taken meanwhile.
 */
async function freeTens(): Promise<string> {
  for (;;) {
    const tens = 1000 + Math.floor(Math.random() * 24);
    await using held = new AsyncDisposableStack();
    try {
      for (let digit = 0; digit < 10; digit++) held.use(await heldPort(tens * 10 + digit));
      return String(tens);
    } catch {
      // Somebody has one of them: others are tried.
    }
  }
}

async function ended(
  shell: ChildProcess,
): Promise<{ readonly code: unknown; readonly stdout: string; readonly stderr: string }> {
  const limit = setTimeout(() => endNow(shell, true), patienceMs);
  const exit = once(shell, "exit");
  // Servers that a failed block has left behind hold the streams open.
  void exit.then(() => endNow(shell, true));
  const [[code], stdout, stderr] = await Promise.all([
    exit,
    textOf(shell.stdout),
    textOf(shell.stderr),
  ]);
  clearTimeout(limit);
  return { code, stdout, stderr };
}

async function textOf(stream: Readable | null): Promise<string> {
  return stream === null ? "" : text(stream);
}

async function logsIn(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(".log"));
  const logs = names.map(async (name) => `${name}:\n${await readFile(join(folder, name), "utf8")}`);
  return (await Promise.all(logs)).join("\n");
}
