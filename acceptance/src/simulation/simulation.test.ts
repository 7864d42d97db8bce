// Deliveries by the real agent and the real control plane in a world where everything fails, driven by seeds.
import assert from "node:assert/strict";
import { test } from "node:test";
import { service } from "./invariants.ts";
import { failureOf, shrink } from "./shrink.ts";
import { faults, type Scenario, SimulatedWorld, simulate } from "./simulated-world.ts";

const firstSeed = Number(process.env["SIMULATION_SEED"] ?? 1);
const seeds = Number(process.env["SIMULATION_SEEDS"] ?? 200);

function scenarioOf(seed: number): Scenario {
  return { seed, faults, rollouts: 4 };
}

test("a run without faults ends as its programs behave, and the same seed gives the same run", async () => {
  const scenario: Scenario = { seed: 1, faults: [], rollouts: 6 };
  const words = await simulate(scenario);
  assert.equal(words.length, 6);
  for (const word of words) {
    const [behavior, state] = word.split(": ");
    assert.equal(state, behavior === "works" ? "succeeded" : "rolled-back", word);
  }
  assert.deepEqual(await simulate(scenario), words);
});

test("the invariants notice what is broken", async () => {
  const world = new SimulatedWorld({ seed: 2, faults: [], rollouts: 2 });
  await world.run();
  const { invariants, machines, revisions } = world;
  const [machine] = machines;
  assert.ok(machine);
  invariants.always();

  assert.throws(() => invariants.executed(machine.name, "0".repeat(64)), /I1/);
  const { policy } = world;
  assert.ok(policy);
  assert.throws(() => invariants.executed(machine.name, policy.forbiddenProgram), /I9/);
  const index = world.tree.now("environments/production/history/1.json");
  const path = "/root/status/index.json";
  const newest = machine.disk.fileNow(path);
  assert.ok(index && newest);
  await machine.disk.replace(path, index.text);
  assert.throws(() => invariants.always(), /I8/);
  await machine.disk.replace(path, newest);

  const [other] = [...revisions.keys()].filter((id) => id !== machine.current(service));
  await machine.disk.point("/root/services/shop/current", `releases/${other}`);
  await machine.disk.remove(`/root/services/shop/releases/${other}`);
  assert.throws(() => invariants.always(), /I3/);
});

test(`the nine invariants hold through ${seeds} worlds full of faults`, async () => {
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const scenario = scenarioOf(seed);
    if ((await failureOf(scenario)) === undefined) continue;
    const smallest = await shrink(scenario);
    throw new Error(
      `SIMULATION_SEED=${seed} SIMULATION_SEEDS=1 fails; ${smallest.rollouts} rollouts and these faults are enough: ${smallest.faults.join(", ") || "none"}`,
      { cause: await failureOf(smallest) },
    );
  }
});
