// The two words at the top of the README, in a clone that has never been used, with whatever Node the machine has.
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { cp, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, delimiter, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { ask } from "./testing/http-answer.ts";
import { endNow, own } from "./testing/owned-processes.ts";
import { repositoryRoot } from "./testing/repository.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

/** PATH without what npm puts before it: in a fresh clone nothing is installed yet. */
const path = (process.env["PATH"] ?? "")
  .split(delimiter)
  .filter((folder) => !folder.includes("node_modules"))
  .join(delimiter);

const { stdout: nodeVersion = "" } = spawnSync("node", ["--version"], {
  encoding: "utf8",
  env: { PATH: path },
});
const nodeMajor = Number(/^v(\d+)\./.exec(nodeVersion)?.[1] ?? 0);

/** What npm says when it is the registry that is missing. */
const registryFailures = /ENOTFOUND|ECONNREFUSED|EAI_AGAIN|ETIMEDOUT|ENETUNREACH|ECONNRESET/;

interface Start {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly output: () => string;
  /** The address of the ready line; `undefined` if the program ended before. */
  readonly url: Promise<string | undefined>;
}

function start(clone: string, command: string, args: readonly string[]): Start {
  const child = spawn(command, args, {
    cwd: clone,
    // A process group of its own, so that nothing of it can be left behind.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: path,
      HOME: homedir(),
      GOENV: "off",
      GOPROXY: "http://127.0.0.1:9",
      ATHENS_PORT: "127.0.0.1:0",
      ATHENS_LOG_FORMAT: "plain",
    },
  });
  own(child, { group: true });
  const { promise: url, resolve } = Promise.withResolvers<string | undefined>();
  let output = "";
  const take = (chunk: Buffer): void => {
    output += chunk.toString();
    const found = /export GOPROXY=(http:\/\/\S+)/.exec(output)?.[1];
    if (found !== undefined) resolve(found);
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const ended = new Promise<number | null>((end) => child.once("exit", end));
  void ended.then(() => resolve(undefined));
  return { child, ended, output: () => output, url };
}

test("npm start in a fresh clone installs once, makes ./data, says one line, and ends with 0", {
  skip: nodeMajor < 20 && "there is no Node of at least 20 in PATH",
}, async (t) => {
  await using folder = await temporaryFolder();
  const clone = join(folder.path, "clone");
  await cp(repositoryRoot, clone, {
    recursive: true,
    filter: (source) =>
      ![".git", "node_modules"].includes(basename(source)) &&
      source !== join(repositoryRoot, "data"),
  });

  await t.test("npm start", async (first) => {
    const { child, ended, output, url } = start(clone, "npm", ["start"]);
    try {
      const address = await url;
      if (address === undefined && registryFailures.test(output())) {
        first.skip(`the npm registry cannot be reached: ${output().trim().split("\n").at(-1)}`);
        return;
      }
      assert.ok(address, output());
      assert.ok((await stat(join(clone, "data"))).isDirectory());
      assert.equal((await ask(`${address}/healthz`)).status, 200);
      child.kill("SIGTERM");
      assert.equal(await ended, 0, output());
      await assert.rejects(ask(`${address}/healthz`), "npm has ended, Stoa has not");
    } finally {
      endNow(child, true);
    }
  });

  await t.test("node scripts/run.mjs again: nothing is installed", async (second) => {
    if (!(await exists(join(clone, "node_modules")))) {
      second.skip("the first start could not install");
      return;
    }
    const { child, ended, output, url } = start(clone, "node", [
      "scripts/run.mjs",
      "stoa/src/main.ts",
      "serve",
    ]);
    try {
      const address = await url;
      assert.ok(address, output());
      assert.doesNotMatch(output(), /install/);
      assert.equal(output().trimEnd().split("\n").length, 1, output());
      assert.equal((await ask(`${address}/healthz`)).status, 200);
      child.kill("SIGTERM");
      assert.equal(await ended, 0, output());
    } finally {
      endNow(child, true);
    }
  });
});

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}
