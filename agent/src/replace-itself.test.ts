// Services that replace themselves on SIGUSR2, run by the keeper.
import assert from "node:assert/strict";
import { mkdtempSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import type { Run } from "@stoa/deployment";
import type { ProcessView } from "./domain/launch.ts";
import { textOf, until } from "./testing/ask.ts";
import { openMachine, type TestMachine, Tree } from "./testing/delivery.ts";
import { noGo } from "./testing/go-programs.ts";
import { buildReplacing, type Manner } from "./testing/replacing-program.ts";
import { steadyLoad } from "./testing/steady-load.ts";

const run: Partial<Run> = { handOff: "sigusr2" };
/** Long enough for a slow machine to rehearse within, and no longer: some tests wait for its end. */
const impatient: Partial<Run> = {
  ...run,
  health: { kind: "listening", deadlineMs: 20_000, minimumHealthyMs: 0 },
};

describe("a service that replaces itself", { skip: noGo }, () => {
  const folder = mkdtempSync(join(tmpdir(), "stoa-replacing-"));
  const programs: Record<string, string> = {};
  before(() => {
    for (const version of ["1", "2"]) {
      programs[`given-${version}`] = buildReplacing(folder, version);
      programs[`binding-${version}`] = buildReplacing(folder, version, { binds: true });
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const treeIn = (): Tree => new Tree(mkdtempSync(join(folder, "tree-")));

  const manners = [
    { title: "new connections", keepAlive: false, path: "" },
    { title: "kept connections", keepAlive: true, path: "" },
    { title: "slow requests", keepAlive: true, path: "?pause=100ms" },
  ];
  for (const kind of ["given", "binding"]) {
    for (const { title, keepAlive, path } of manners) {
      test(`loses no request with ${title}, its socket ${kind === "given" ? "given" : "bound by itself"}`, async () => {
        const tree = treeIn();
        const versions = ["1", "2"].map((version) =>
          tree.publish("notes", version, programs[`${kind}-${version}`]!, run),
        );
        tree.assign({ notes: versions[0]! });
        await using machine = await openMachine(folder, tree);
        await machine.until("notes", ({ state }) => state === "running");
        const load = steadyLoad(`${await machine.urlOf("notes")}${path}`, keepAlive);
        await load.more(1);
        for (let round = 1; round <= 2; round += 1) {
          const before = await keptOf(machine);
          tree.assign({ notes: versions[round % 2]! });
          await serves(machine, versions[round % 2]!);
          assertStartedBy(await keptOf(machine), before);
          // More than the old process may still be at.
          await load.more(load.answers() + 20);
        }
        const { failures, versions: seen } = await load.end();
        assert.deepEqual(failures, []);
        assert.deepEqual([...seen].sort(), ["1", "2"]);
      });
    }
  }

  test("is asked to end where its successor does not see to that", async () => {
    const tree = treeIn();
    const [one, two] = published(tree, "good", "quiet");
    tree.assign({ notes: one });
    await using machine = await openMachine(folder, tree);
    await serves(machine, one);
    const load = steadyLoad(await machine.urlOf("notes"), true);
    tree.assign({ notes: two });
    await serves(machine, two);
    await until(async () => (await livingOf(machine)).length === 1);
    const { failures } = await load.end();
    assert.deepEqual(failures, []);
  });

  // Both wait for the end of the time in which a new process must appear, so they wait together.
  describe("that comes to nothing", { concurrency: true }, () => {
    test("serves on when its successor crashes", async () => {
      const tree = treeIn();
      const [one, two] = published(tree, "good", "crashing");
      tree.assign({ notes: one });
      await using machine = await openMachine(folder, tree);
      await serves(machine, one);
      const before = await keptOf(machine);
      const load = steadyLoad(await machine.urlOf("notes"), true);
      tree.assign({ notes: two });
      const { sentence, lastLines, running } = await machine.until(
        "notes",
        ({ state }) => state === "failed",
      );
      assert.match(sentence, /^notes 2: it (ended with exit code|was not started by process)/);
      assert.match(lastLines?.join("\n") ?? "", /2 cannot take over/);
      assert.equal(running, one);
      const { failures, versions } = await load.end();
      assert.deepEqual(failures, []);
      assert.deepEqual([...versions], ["1"]);
      assert.equal((await keptOf(machine)).pid, before.pid);
      assert.equal(currentOf(machine), `releases/${one}`);
    });

    test("serves on when it starts no successor", async () => {
      const tree = treeIn();
      const [one, two] = published(tree, "deaf", "good");
      tree.assign({ notes: one });
      await using machine = await openMachine(folder, tree);
      await serves(machine, one);
      const before = await keptOf(machine);
      tree.assign({ notes: two });
      const { sentence } = await machine.until("notes", ({ state }) => state === "failed");
      const path = join(machine.root, "services", "notes", "current", "bin", "service");
      assert.equal(
        sentence,
        `notes 2: it was not started by process ${before.pid}, which was sent SIGUSR2, within 20 s; a program that replaces itself starts the path by which it was started (os.Args[0]), which is ${path}`,
      );
      assert.equal((await keptOf(machine)).pid, before.pid);
      assert.match(await textOf(await machine.urlOf("notes")), /^hello from 1,/);
      assert.equal(currentOf(machine), `releases/${one}`);
    });
  });

  test("is followed when it starts its old release again, and the new one is refused", async () => {
    const tree = treeIn();
    const [one, two] = published(tree, "stuck", "good");
    tree.assign({ notes: one });
    await using machine = await openMachine(folder, tree);
    await serves(machine, one);
    const before = await keptOf(machine);
    const load = steadyLoad(await machine.urlOf("notes"), true);
    tree.assign({ notes: two });
    const { sentence } = await machine.until("notes", ({ state }) => state === "failed");
    assert.match(sentence, /^notes 2: it was not started by process \d+, which/);
    await until(async () => ![0, before.pid].includes((await keptOf(machine)).pid));
    const { failures, versions } = await load.end();
    assert.deepEqual(failures, []);
    assert.deepEqual([...versions], ["1"]);
  });

  test("is followed when somebody else sends the signal, and can be handed over afterwards", async () => {
    const tree = treeIn();
    const [one, two] = published(tree, "good", "good");
    tree.assign({ notes: one });
    await using machine = await openMachine(folder, tree);
    await serves(machine, one);
    const first = await keptOf(machine);
    const load = steadyLoad(await machine.urlOf("notes"), true);
    process.kill(first.pid, "SIGUSR2");
    await until(async () => ![0, first.pid].includes((await keptOf(machine)).pid));
    const second = await keptOf(machine);
    assert.equal(second.id, first.id);
    tree.assign({ notes: two });
    await serves(machine, two);
    assertStartedBy(await keptOf(machine), second);
    const { failures } = await load.end();
    assert.deepEqual(failures, []);
  });

  test("is started again, behind its socket, when the process that it has started is killed", async () => {
    const tree = treeIn();
    const [one, two] = published(tree, "good", "good");
    tree.assign({ notes: one });
    await using machine = await openMachine(folder, tree);
    await serves(machine, one);
    tree.assign({ notes: two });
    await serves(machine, two);
    const { pid } = await keptOf(machine);
    process.kill(pid, "SIGKILL");
    const answer = await textOf(await machine.urlOf("notes"));
    assert.match(answer, /^hello from 2,/);
    assert.doesNotMatch(answer, new RegExp(`process ${pid}$`, "m"));
    tree.assign({});
    await machine.until("notes", ({ state }) => state === "stopped");
    await until(async () => (await livingOf(machine)).length === 0);
  });

  test("is started beside itself where the new process needs what the old one cannot pass on", async () => {
    const tree = treeIn();
    const [one] = published(tree, "good", "good");
    tree.assign({ notes: one }, { COLOUR: "red" });
    await using machine = await openMachine(folder, tree);
    await serves(machine, one);
    const before = await keptOf(machine);
    const load = steadyLoad(await machine.urlOf("notes"), true);
    tree.assign({ notes: one }, { COLOUR: "blue" });
    await until(async () => ![0, before.pid].includes((await keptOf(machine)).pid));
    await serves(machine, one);
    const { failures } = await load.end();
    assert.deepEqual(failures, []);
    assert.ok(
      machine.decisions.includes(
        "notes 1 is not started by the process that runs, with SIGUSR2, but beside it or after it: a process passes on what it has, and other settings shall be had",
      ),
      machine.decisions.join("\n"),
    );
  });

  const published = (tree: Tree, ...manners: readonly Manner[]): readonly [string, string] => {
    const ids = manners.map((manner, at) => {
      const program = buildReplacing(folder, String(at + 1), { manner });
      return tree.publish("notes", String(at + 1), program, impatient);
    });
    return [ids[0] ?? "", ids[1] ?? ""];
  };
});

async function serves(machine: TestMachine, revision: string): Promise<void> {
  await machine.until(
    "notes",
    ({ state, running, step }) => state === "running" && running === revision && step === undefined,
  );
}

async function livingOf(machine: TestMachine): Promise<readonly ProcessView[]> {
  const views = await machine.supervisor.views();
  return views.filter(({ state }) => state !== "gone");
}

async function keptOf(machine: TestMachine): Promise<ProcessView> {
  const kept = (await livingOf(machine)).find((view) => view.kept);
  assert.ok(kept !== undefined, "no process is kept");
  return kept;
}

/** Only a process that another one has started is in the session of that. */
function assertStartedBy(view: ProcessView, before: ProcessView): void {
  assert.notEqual(view.pid, before.pid);
  assert.equal(view.sentence, "runs; another process has started it in its own place");
}

function currentOf({ root }: TestMachine): string {
  return readlinkSync(join(root, "services", "notes", "current"));
}
