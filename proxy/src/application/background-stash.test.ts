import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as soon } from "node:timers/promises";
import { type ModuleVersion, parseModulePath, parseVersion } from "@stoa/gomod";
import { openState } from "../adapters/sql-state/open-state.ts";
import { type BackgroundParts, BackgroundStash } from "./background-stash.ts";

const version = parseVersion("v1.0.0");
const module = (name: string): ModuleVersion => ({
  path: parseModulePath(`example.com/${name}`),
  version,
});
const quiet = (): void => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet } as never;

/** Two who work off one queue, by a clock that the test moves. */
async function twoAtWork(t: { mock: { timers: typeof import("node:test").mock.timers } }) {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: 1_000_000 });
  const state = await openState({ kind: "memory" }, { mostJobs: 100 });
  const fetched: string[] = [];
  const worker = (name: string, parts: Partial<BackgroundParts> = {}): BackgroundStash =>
    new BackgroundStash({
      queue: state.jobs,
      upstreams: "same",
      mayFetch: async () => true,
      keep: async ({ path }) => void fetched.push(`${name} ${path}`),
      log,
      workers: 4,
      now: () => new Date(),
      ...parts,
    });
  return {
    ...{ state, fetched, worker },
    /** Lets time pass, and everything happen that is then due. */
    async pass(ms: number): Promise<void> {
      for (let passed = 0; passed < ms; passed += 1000) {
        t.mock.timers.tick(1000);
        for (let turn = 0; turn < 20; turn++) await soon();
      }
    },
    [Symbol.asyncDispose]: () => state[Symbol.asyncDispose](),
  };
}

test("who is idle finds what another has accepted, and what a dead one had taken when its hold has passed", async (t) => {
  await using scene = await twoAtWork(t);
  await using idle = scene.worker("idle");
  idle.policyChanged({ isPaused: false });
  await scene.pass(1000);
  const { jobs } = scene.state;
  await jobs.add(module("accepted"), new Date(), "same");
  await jobs.add(module("taken"), new Date(), "same");
  const dead = await jobs.take(1, new Date(), new Date(Date.now() + 60_000), [module("accepted")]);
  assert.equal(dead.length, 1);
  await scene.pass(10_000);
  assert.deepEqual(scene.fetched, ["idle example.com/accepted"]);
  await scene.pass(60_000);
  assert.deepEqual(scene.fetched, ["idle example.com/accepted", "idle example.com/taken"]);
  assert.deepEqual(await jobs.counts(), { waiting: 0, givenUp: 0 });
});

test("a job of other upstreams, or that the policy forbids, is left to others, and given up after a day without any", async (t) => {
  await using scene = await twoAtWork(t);
  const { jobs } = scene.state;
  await using forbidden = scene.worker("forbidden", { mayFetch: async () => false });
  await using other = scene.worker("other", { upstreams: "others" });
  for (const worker of [forbidden, other]) worker.policyChanged({ isPaused: false });
  await jobs.add(module("m"), new Date(), "same");
  await scene.pass(30_000);
  assert.deepEqual(await jobs.counts(), { waiting: 1, givenUp: 0 });
  await using able = scene.worker("able");
  able.policyChanged({ isPaused: false });
  await scene.pass(10_000);
  assert.deepEqual(scene.fetched, ["able example.com/m"]);

  await able[Symbol.asyncDispose]();
  await jobs.add(module("n"), new Date(Date.now() - 86_400_001), "same");
  await scene.pass(10_000);
  const [given] = await jobs.list(1);
  assert.equal(given?.state, "given_up");
  assert.match(given?.reason ?? "", /no instance has come that may fetch it/);
});

test("who is alone keeps what its policy forbids by now until another policy lets it, for a day", async (t) => {
  await using scene = await twoAtWork(t);
  const { jobs } = scene.state;
  let isAllowed = false;
  await using alone = scene.worker("alone", {
    upstreams: undefined,
    mayFetch: async () => isAllowed,
  });
  alone.policyChanged({ isPaused: false });
  await alone.add(module("m"));
  await alone.add(module("n"));
  await scene.pass(1000);
  const [waiting] = await jobs.list(1);
  assert.match(waiting?.reason ?? "", /not for the instance that has looked at it last/);
  isAllowed = true;
  alone.policyChanged({ isPaused: false });
  await scene.pass(1000);
  assert.deepEqual(scene.fetched.toSorted(), ["alone example.com/m", "alone example.com/n"]);

  isAllowed = false;
  await jobs.add(module("old"), new Date(Date.now() - 86_400_001));
  await scene.pass(1000);
  alone.policyChanged({ isPaused: false });
  await scene.pass(1000);
  assert.deepEqual(await jobs.counts(), { waiting: 0, givenUp: 1 });
});

test("who stops leaves its jobs to others at once", async (t) => {
  await using scene = await twoAtWork(t);
  const { jobs } = scene.state;
  const stopping = scene.worker("stopping", {
    keep: (_module, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      }),
  });
  stopping.policyChanged({ isPaused: false });
  await stopping.add(module("m"));
  await scene.pass(1000);
  assert.equal(stopping.running, 1);
  await stopping[Symbol.asyncDispose]();
  const [job] = await jobs.take(1, new Date(), new Date(Date.now() + 1));
  assert.deepEqual([job?.module, job?.attempts], [module("m"), 0]);
});
