// Other processes on the same disk: killed in the middle of a put, and racing with one another.
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import type { ModuleVersion } from "@stoa/gomod";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import {
  assertAbsent,
  type FileBytes,
  filesOf,
  keptFiles,
  moduleVersion,
  putFiles,
} from "../../testing/module-store-contract.ts";
import { openDiskModuleStore } from "./open-disk-module-store.ts";
import { versionFolder } from "./version-folder.ts";

// This file is also the program of the other processes.
const [job, root = "", writer = ""] = process.argv.slice(2);
switch (job) {
  case "put until killed":
    await putUntilKilled(false);
    break;
  case "repair until killed":
    await putUntilKilled(true);
    break;
  case "put ten against others":
    await putTen();
    break;
  default:
    declareTests();
}

function declareTests(): void {
  for (const [title, program] of [
    ["a put", "put until killed"],
    ["a repair", "repair until killed"],
  ] as const) {
    test(`whenever a process is killed in ${title}, each version is absent or whole`, async (t) => {
      const folder = await temporaryFolder(t);
      const begun: ModuleVersion[] = [];
      const kept = new Set<string>();
      for (let life = 0; life < 8; life += 1) {
        await runUntilKilled([program, folder, String(life)], 3 + life, (line) => {
          const [what, version = ""] = line.split(" ");
          const module = moduleVersion("example.com/a/b", version);
          if (what === "begin") begun.push(module);
          else kept.add(version);
        });
      }
      assert.ok(kept.size >= 8);
      await assertSound(folder, begun, kept);
    });
  }

  test("of several processes that put other bytes at once one wins each version", async (t) => {
    const folder = await temporaryFolder(t);
    const writers = ["a", "b", "c"];
    const children = writers.map((name) => start(["put ten against others", folder, name]));
    const winners = new Map<string, string>();
    await Promise.all(
      children.map(async (child, index) => {
        const lines = createInterface({ input: child.stdout! });
        lines.on("line", (version) => {
          assert.ok(!winners.has(version), `${version} has two winners`);
          winners.set(version, writers[index]!);
        });
        const [[code]] = await Promise.all([once(child, "exit"), once(lines, "close")]);
        assert.equal(code, 0);
      }),
    );
    const { store } = await openDiskModuleStore({ root: folder });
    for (let patch = 0; patch < 10; patch += 1) {
      const module = moduleVersion("example.com/a/b", `v1.0.${patch}`);
      const winner = winners.get(module.version);
      assert.deepEqual(await keptFiles(store, module), filesOf(`${winner}`));
    }
    assert.deepEqual(await readdir(join(folder, ".stoa", "incoming")), []);
  });
}

/** Looks at the storage with the eyes of a process that starts after the crash. */
async function assertSound(
  folder: string,
  begun: readonly ModuleVersion[],
  kept: ReadonlySet<string>,
): Promise<void> {
  const { store } = await openDiskModuleStore({ root: folder });
  assert.deepEqual(await readdir(join(folder, ".stoa", "incoming")), []);
  const listed = new Set(await store.versions(moduleVersion("example.com/a/b", "v1.0.0").path));
  for (const module of begun) {
    if (listed.has(module.version)) {
      assert.deepEqual(await keptFiles(store, module), largeFilesOf(module.version));
      assert.equal((await readdir(versionFolder(folder, module))).length, 3);
    } else {
      assert.ok(!kept.has(module.version), `${module.version} was said to be kept and is not`);
      await assertAbsent(store, module);
      await putFiles(store, module, largeFilesOf(module.version));
      assert.deepEqual(await keptFiles(store, module), largeFilesOf(module.version));
    }
  }
}

/** Says when it begins and when it has kept each version; never stops. */
async function putUntilKilled(torn: boolean): Promise<void> {
  const { store } = await openDiskModuleStore({ root });
  for (let patch = 0; ; patch += 1) {
    const module = moduleVersion("example.com/a/b", `v1.${writer}.${patch}`);
    if (torn) await leaveHalf(module);
    process.stdout.write(`begin ${module.version}\n`);
    await putFiles(store, module, largeFilesOf(module.version));
    process.stdout.write(`kept ${module.version}\n`);
  }
}

async function leaveHalf(module: ModuleVersion): Promise<void> {
  const folder = versionFolder(root, module);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "go.mod"), "torn");
  await writeFile(join(folder, "source.zip"), "torn");
}

/** Says which versions it has won. */
async function putTen(): Promise<void> {
  const { store } = await openDiskModuleStore({ root });
  for (let patch = 0; patch < 10; patch += 1) {
    const module = moduleVersion("example.com/a/b", `v1.0.${patch}`);
    try {
      await putFiles(store, module, filesOf(writer));
      process.stdout.write(`${module.version}\n`);
    } catch (failure) {
      if (!(failure instanceof ProxyFailure && failure.code === "altered_module")) throw failure;
    }
  }
}

/** Kills the process at its nth line, wherever it is by then. */
async function runUntilKilled(
  job: readonly string[],
  lines: number,
  onLine: (line: string) => void,
): Promise<void> {
  const child = start(job);
  const output = createInterface({ input: child.stdout! });
  let seen = 0;
  output.on("line", (line) => {
    onLine(line);
    seen += 1;
    if (seen === lines) child.kill("SIGKILL");
  });
  const [[, signal]] = await Promise.all([once(child, "exit"), once(output, "close")]);
  assert.equal(signal, "SIGKILL");
}

function start(job: readonly string[]): ChildProcess {
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  return spawn(process.execPath, [import.meta.filename, ...job], {
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "stoa-killed-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Large enough for a kill to fall into their writing. */
function largeFilesOf(text: string): FileBytes {
  const zip = Buffer.alloc(600_000, `zip of ${text} `);
  return { ...filesOf(text), zip: new Uint8Array(zip) };
}
