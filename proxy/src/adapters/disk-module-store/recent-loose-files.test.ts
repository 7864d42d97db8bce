// Loose files that linger: before they have a place of their own, when they get it, and after a kill.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { looseFilesContract } from "../../testing/loose-files-contract.ts";
import { filesOf, moduleVersion, putFiles } from "../../testing/module-store-contract.ts";
import { type OpenedStore, openDiskModuleStore } from "./open-disk-module-store.ts";
import { lineOfFile } from "./recent-log.ts";

const module = moduleVersion("example.com/a", "v1.0.0");
const other = moduleVersion("example.com/b", "v1.0.0");
const { info, mod } = filesOf("x");
const noTrouble = (failure: unknown): never => assert.fail(String(failure));
const forHours = { ms: 3_600_000, onTrouble: noTrouble };

// This file is also the program of a process that is killed.
const [job, folder = ""] = process.argv.slice(2);
if (job === "answer until killed") await answerUntilKilled(folder);
else declareTests();

function declareTests(): void {
  looseFilesContract("openDiskModuleStore with lingering", async () => {
    const root = await mkdtemp(join(tmpdir(), "stoa-recent-"));
    const { loose, ...opened } = await openDiskModuleStore({ root, lingering: forHours });
    return {
      loose,
      other: loose,
      cleanUp: async () => {
        await opened[Symbol.asyncDispose]();
        await rm(root, { recursive: true, force: true });
      },
    };
  });

  test("a file that lingers is in one log, and gets its own when the storage is closed", async (t) => {
    const root = await folderOf(t);
    const opened = await openDiskModuleStore({ root, lingering: forHours });
    await opened.loose.write(module, "mod", mod);
    await opened.loose.write(other, "info", info);
    assert.equal((await logsIn(root)).length, 1);
    assert.deepEqual(await placesIn(root), []);
    await opened[Symbol.asyncDispose]();
    assert.deepEqual(await logsIn(root), []);
    assert.deepEqual(await placesIn(root), [
      "example.com/a/v1.0.0@mod",
      "example.com/b/v1.0.0@info",
    ]);
  });

  test("it gets its own when it has lingered long enough, and can be read all the time", async (t) => {
    const root = await folderOf(t);
    const lingering = { ms: 1, onTrouble: noTrouble };
    await using opened = await openDiskModuleStore({ root, lingering });
    await opened.loose.write(module, "mod", mod);
    await until(async () => {
      assert.deepEqual(bytesOf(await opened.loose.read(module, "mod")), bytesOf(mod));
      return (await placesIn(root)).length === 1 && (await logsIn(root)).length === 0;
    });
  });

  test("files of a version whose zip came get no place, and nothing that was taken back returns", async (t) => {
    const root = await folderOf(t);
    const opened = await openDiskModuleStore({ root, lingering: forHours });
    for (const each of [module, other]) {
      await opened.loose.write(each, "info", info);
      await opened.loose.write(each, "mod", mod);
    }
    await opened.loose.remove(module);
    await putFiles(opened.store, other, filesOf("x")); // and nobody has taken the loose files back
    assert.equal(await opened.loose.read(module, "mod"), undefined);
    await opened[Symbol.asyncDispose]();
    assert.deepEqual(await placesIn(root), []);
  });

  test("a log of which nothing is left goes soon", async (t) => {
    const root = await folderOf(t);
    await using opened = await openDiskModuleStore({ root, lingering: forHours });
    await opened.loose.write(module, "mod", mod);
    await opened.loose.remove(module);
    await until(async () => (await logsIn(root)).length === 0);
    await opened.loose.write(module, "mod", mod);
    assert.equal((await logsIn(root)).length, 1);
  });

  test("other processes see it when they look, and what they remove does not come back", async (t) => {
    const root = await folderOf(t);
    const opened = await openDiskModuleStore({ root, lingering: forHours });
    await opened.loose.write(module, "mod", mod);
    await opened.loose.write(other, "mod", mod);
    const command: OpenedStore = await openDiskModuleStore({ root });
    assert.deepEqual(bytesOf(await command.loose.read(module, "mod")), bytesOf(mod));
    assert.deepEqual((await command.removal.traces(module.path))[0]?.beside, ["loose mod"]);
    await command.removal.remove(module);
    await command.trash.discard(other, { isRefetchable: true });
    await opened[Symbol.asyncDispose]();
    assert.deepEqual(await placesIn(root), []);
    const { loose } = await openDiskModuleStore({ root });
    assert.equal(await loose.read(module, "mod"), undefined);
  });

  test("what was answered before a kill is there after it, and its log is not", async (t) => {
    const root = await folderOf(t);
    const child = spawn(process.execPath, [import.meta.filename, "answer until killed", root], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const answered: string[] = [];
    for await (const line of createInterface({ input: child.stdout })) {
      answered.push(line);
      if (answered.length === 20) child.kill("SIGKILL");
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
    const { loose } = await openDiskModuleStore({ root });
    for (const version of answered) {
      const kept = await loose.read(moduleVersion("example.com/a", version), "mod");
      assert.equal(String(kept && Buffer.from(kept)), version);
    }
    assert.deepEqual(await logsIn(root), []);
  });

  test("a line that is not whole counts for nothing, and spoils no other", async (t) => {
    const root = await folderOf(t);
    await mkdir(join(root, ".stoa", "recent"), { recursive: true });
    const lineOf = (version: string): Buffer =>
      Buffer.from(
        lineOfFile({ module: moduleVersion("example.com/a", version), kind: "mod", bytes: mod }),
      );
    const holes = lineOf("v1.0.3").fill(0, 20, 60);
    const turned = lineOf("v1.0.4");
    turned[40]! ^= 1;
    const lines = [lineOf("v1.0.1"), lineOf("v1.0.2").subarray(0, 50), holes, turned];
    const log = Buffer.concat([
      ...lines,
      Buffer.alloc(30),
      lineOf("v1.0.5"),
      lineOf("v1.0.6").subarray(0, -3),
    ]);
    await writeFile(join(root, ".stoa", "recent", "0123456789ab-1-1+000000000000"), log);
    await openDiskModuleStore({ root });
    assert.deepEqual(await placesIn(root), [
      "example.com/a/v1.0.1@mod",
      "example.com/a/v1.0.5@mod",
    ]);
  });

  test("what cannot be given its place lingers on, is told, and gets its place later", async (t) => {
    const root = await folderOf(t);
    const troubles: unknown[] = [];
    const lingering = { ms: 20, onTrouble: (failure: unknown) => troubles.push(failure) };
    await using opened = await openDiskModuleStore({ root, lingering });
    const obstacle = join(root, ".stoa", "loose", "example.com");
    await writeFile(obstacle, "in the way");
    await opened.loose.write(module, "mod", mod);
    await until(() => troubles.length > 1);
    assert.match(String(troubles[0]), /store_unavailable|storage under/);
    assert.deepEqual(bytesOf(await opened.loose.read(module, "mod")), bytesOf(mod));
    await rm(obstacle);
    await until(async () => (await placesIn(root)).length === 1);
    await until(async () => (await logsIn(root)).length === 0);
  });

  test("more than a log may hold gets its place ahead of time", async (t) => {
    const root = await folderOf(t);
    await using opened = await openDiskModuleStore({ root, lingering: forHours });
    const large = new Uint8Array(6 << 20).fill(32);
    for (const version of ["v1.0.0", "v1.0.1", "v1.0.2"]) {
      await opened.loose.write(moduleVersion("example.com/a", version), "mod", large);
    }
    assert.equal((await placesIn(root)).length, 3);
  });
}

/** Says which versions it has kept a go.mod of; never stops. */
async function answerUntilKilled(root: string): Promise<void> {
  const { loose } = await openDiskModuleStore({ root, lingering: forHours });
  for (let patch = 0; ; patch += 1) {
    const version = `v1.0.${patch}`;
    await loose.write(moduleVersion("example.com/a", version), "mod", Buffer.from(version));
    process.stdout.write(`${version}\n`);
  }
}

async function folderOf(t: TestContext): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "stoa-recent-"));
  t.after(() => rm(root, { recursive: true, force: true }));
  return root;
}

function logsIn(root: string): Promise<string[]> {
  return readdir(join(root, ".stoa", "recent"));
}

/** The loose files that have a place of their own, while others may be making some. */
async function placesIn(root: string): Promise<string[]> {
  const base = join(root, ".stoa", "loose");
  const found = await readdir(base, { recursive: true, withFileTypes: true });
  return found
    .filter((entry) => entry.isFile() && entry.name.includes("@"))
    .map(({ parentPath, name }) => join(parentPath, name).slice(base.length + 1))
    .sort();
}

function bytesOf(bytes: Uint8Array | undefined): number[] | undefined {
  return bytes && [...bytes];
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000;
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, "it did not come to pass within a minute");
    await pause(5);
  }
}
