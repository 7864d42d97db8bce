import assert from "node:assert/strict";
import { test } from "node:test";
import type { Assignment } from "./assignment.ts";
import { assignedRevision, assignedTo } from "./assignment.ts";
import { defaultRules, isOver, type RolloutRules } from "./rollout.ts";
import { type WantedAssignment, wantedAssignment } from "./rollout-assignment.ts";
import { type RolloutOrder, startRollout } from "./rollout-start.ts";
import { stepRollout } from "./rollout-step.ts";
import { nextWaveSize, parseStrategy } from "./strategy.ts";
import { SeededRandom } from "./testing/seeded-random.ts";
import { SimulatedFleet, simulatedMachine } from "./testing/simulated-fleet.ts";

const oldId = "a".repeat(64);
const newId = "b".repeat(64);
const start = Date.parse("2026-01-01T00:00:00Z");

function settledOn(revision: string): Assignment {
  return {
    service: "shop",
    rollout: "r-0",
    serial: 7,
    revision,
    selector: [],
    waves: [],
    open: 0,
    state: "settled",
    settings: { environment: {} },
  };
}

function orderFor(
  names: readonly string[],
  rules: Partial<RolloutRules>,
  current: Assignment | undefined,
): RolloutOrder {
  return {
    id: "r-1",
    environment: "production",
    service: "shop",
    revision: newId,
    selector: [],
    settings: { environment: {} },
    rules: { ...defaultRules, ...rules },
    owner: "ann",
    reason: "a new version",
    ...(current === undefined ? {} : { current }),
    machines: names.map((name) => ({ name, tags: {}, heardMs: start, health: "healthy" })),
    atMs: start,
  };
}

interface Given {
  readonly machines?: number;
  readonly strategy?: string;
  readonly rules?: Partial<RolloutRules>;
  readonly breaks?: readonly number[];
  readonly first?: boolean;
}

function fleetOf({
  machines = 9,
  strategy = "one-at-a-time",
  rules = {},
  breaks = [],
  first = false,
}: Given): SimulatedFleet {
  const names = Array.from({ length: machines }, (_, index) => `web-${index + 1}`);
  const current = first ? undefined : settledOn(oldId);
  const order = orderFor(names, { ...rules, strategy: parseStrategy(strategy) }, current);
  const parts = names.map((name) => simulatedMachine(name, first ? undefined : oldId));
  for (const machine of parts) machine.followed = current;
  for (const index of breaks) parts[index - 1]?.breaks.add(newId);
  return new SimulatedFleet(parts, startRollout(order), current, new SeededRandom(1));
}

function running(fleet: SimulatedFleet, revision: string): number {
  return fleet.machines.filter((machine) => machine.running === revision).length;
}

function touched(fleet: SimulatedFleet): readonly string[] {
  return fleet.machines.filter(({ told }) => told.includes(newId)).map(({ name }) => name);
}

for (const strategy of [
  "all-at-once",
  "half",
  "one-at-a-time",
  "25%",
  "canary:1:half",
  "minimum-healthy:6",
]) {
  test(`stepRollout with ${strategy}: nine machines end on the revision, late joiners too`, () => {
    const fleet = fleetOf({ strategy });
    fleet.settle(200, 1000);
    assert.equal(fleet.rollout.state, "succeeded");
    assert.equal(running(fleet, newId), 9);
    assert.equal(fleet.index?.state, "settled");
    assert.equal(assignedRevision(fleet.index, { name: "late", tags: {} }), newId);
  });

  for (let broken = 1; broken <= 9; broken++) {
    test(`stepRollout with ${strategy}: machine ${broken} fails, everybody is on the old revision again`, () => {
      const fleet = fleetOf({ strategy, breaks: [broken] });
      fleet.settle(300, 1000);
      assert.equal(fleet.rollout.state, "rolled-back");
      assert.equal(running(fleet, oldId), 9);
      assert.match(
        fleet.rollout.sentence,
        new RegExp(`^web-${broken} failed: exits with status 1`),
      );
      assert.ok((fleet.index?.serial ?? 0) > 8, "the way back has a higher serial");
      assert.equal(fleet.index?.revision, oldId);
      assert.equal(fleet.index?.state, "settled");
    });
  }
}

test("stepRollout one at a time: a failure on machine 1 leaves the others untouched", () => {
  const fleet = fleetOf({ breaks: [1] });
  fleet.settle(200, 1000);
  assert.deepEqual(touched(fleet), ["web-1"]);
  assert.match(fleet.rollout.sentence, /8 machines were not touched$/);
});

test("stepRollout one at a time: a failure on the last machine is a failure, unlike in CodeDeploy", () => {
  const fleet = fleetOf({ breaks: [9], rules: { stopAt: "health-floor" } });
  fleet.settle(300, 1000);
  assert.equal(fleet.rollout.state, "rolled-back");
});

const floors: readonly (readonly [
  strategy: string,
  machines: number,
  breaks: readonly number[],
  state: string,
  touched: number,
])[] = [
  ["minimum-healthy:8", 10, [1], "succeeded", 10],
  ["minimum-healthy:8", 10, [1, 3], "failed", 3],
  ["minimum-healthy:0", 10, [1, 2, 3, 4, 5, 6, 7, 8, 9], "succeeded", 10],
  ["minimum-healthy:0", 10, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], "failed", 10],
  ["half", 9, [1, 2, 3, 4], "failed", 4],
  ["half", 9, [1, 2, 3], "succeeded", 9],
  ["half", 9, [6, 7, 8, 9], "succeeded", 9],
  ["all-at-once", 9, [1, 2, 3, 4, 5, 6, 7, 8], "succeeded", 9],
  ["one-at-a-time", 9, [3], "failed", 3],
  ["one-at-a-time", 1, [1], "failed", 1],
];

for (const [strategy, machines, breaks, state, count] of floors) {
  test(`stepRollout by health floor ${strategy}: of ${machines} machines ${breaks.join(", ")} fail: ${state}, ${count} touched`, () => {
    const fleet = fleetOf({
      machines,
      strategy,
      breaks,
      rules: { stopAt: "health-floor", rollBack: false },
    });
    fleet.settle(300, 1000);
    assert.equal(fleet.rollout.state, state);
    assert.equal(touched(fleet).length, count);
  });
}

test("startRollout refuses a group of nobody, and one where nothing may be changed", () => {
  const order = orderFor(["web-1"], {}, undefined);
  assert.throws(
    () => startRollout({ ...order, machines: [] }),
    /no machine has joined the environment production/,
  );
  assert.throws(
    () => startRollout({ ...order, selector: [[{ key: "role", value: "api" }]] }),
    /has the tags role=api/,
  );
  assert.throws(
    () => startRollout({ ...order, atMs: start + 60_000 }),
    /none of its 1 machines was heard lately: web-1/,
  );
  assert.throws(
    () =>
      startRollout({
        ...order,
        rules: { ...order.rules, strategy: parseStrategy("minimum-healthy:1") },
      }),
    /none could ever be changed/,
  );
  assert.throws(
    () =>
      startRollout({
        ...order,
        rules: { ...order.rules, strategy: parseStrategy("canary:1:minimum-healthy:95%") },
      }),
    /none could ever be changed/,
  );
});

test("startRollout takes the unhealthy first, then the unknown, then the old, then the current", () => {
  const current: Assignment = {
    ...settledOn(oldId),
    state: "paused",
    previous: oldId,
    revision: newId,
    waves: [["a"]],
    open: 1,
  };
  const order = orderFor([], {}, current);
  const machines = [
    { name: "a", tags: {}, heardMs: start, health: "healthy" },
    { name: "b", tags: {}, heardMs: start, health: "healthy" },
    { name: "c", tags: {}, heardMs: start, health: "unknown" },
    { name: "d", tags: {}, heardMs: start, health: "unhealthy" },
  ] as const;
  const { rollout } = startRollout({
    ...order,
    machines,
    rules: { ...defaultRules, strategy: { kind: "all-at-once" } },
  });
  assert.deepEqual(rollout.waves, [["d", "c", "b", "a"]]);
});

test("startRollout leaves a silent machine out; it gets the revision when all is settled", () => {
  const order = orderFor(["web-1", "web-2"], {}, settledOn(oldId));
  const [first, second] = order.machines;
  assert.ok(first && second);
  const step = startRollout({
    ...order,
    machines: [first, { ...second, heardMs: start - 60_000 }],
  });
  assert.deepEqual(step.rollout.waves, [["web-1"]]);
  assert.deepEqual(step.rollout.waiting, []);
  assert.match(JSON.stringify(step.actions), /left out, as they were not heard lately: web-2/);
});

test("stepRollout on a first deploy that fails: nothing to go back to, the rest is untouched", () => {
  const fleet = fleetOf({ first: true, breaks: [2] });
  fleet.settle(200, 1000);
  assert.equal(fleet.rollout.state, "failed");
  assert.match(fleet.rollout.sentence, /nothing ran before/);
  assert.deepEqual(touched(fleet), ["web-1", "web-2"]);
  assert.equal(fleet.index?.state, "paused");
});

test("stepRollout bakes each wave: a machine that fails while it bakes ends it", () => {
  const fleet = fleetOf({ strategy: "canary", rules: { bakeMs: 30_000 } });
  while (fleet.rollout.state !== "baking") {
    for (const machine of fleet.machines) fleet.work(machine);
  }
  fleet.pass(29_000);
  assert.equal(fleet.rollout.waves.length, 1);
  const [canary] = fleet.machines;
  assert.ok(canary);
  canary.failed = true;
  fleet.work(canary);
  assert.equal(fleet.rollout.state, "rolling-back");
  canary.failed = false;
  fleet.settle(50, 1000);
  assert.equal(fleet.rollout.state, "rolled-back");
  assert.deepEqual(touched(fleet), ["web-1"]);
});

test("stepRollout opens the next wave when the bake is over and not before", () => {
  const fleet = fleetOf({ strategy: "canary", rules: { bakeMs: 30_000 } });
  while (fleet.rollout.state !== "baking") {
    for (const machine of fleet.machines) fleet.work(machine);
  }
  fleet.pass(29_999);
  assert.equal(fleet.rollout.waves.length, 1);
  fleet.pass(1);
  assert.equal(fleet.rollout.waves.length, 2);
  assert.equal(fleet.rollout.state, "rolling");
});

test("stepRollout held: open machines go on, no wave opens, it does not end; resumed it does", () => {
  const fleet = fleetOf({ machines: 2 });
  fleet.happen({ kind: "pause", by: "bob", atMs: fleet.nowMs });
  fleet.settle(20, 1000);
  assert.equal(fleet.rollout.state, "baking");
  assert.equal(fleet.index?.state, "paused");
  assert.equal(running(fleet, newId), 1);
  fleet.happen({ kind: "resume", by: "bob", atMs: fleet.nowMs });
  fleet.settle(20, 1000);
  assert.equal(fleet.rollout.state, "succeeded");
});

test("stepRollout held: a machine that fails sets everybody on the way back, as if it had not been paused", () => {
  const fleet = fleetOf({ machines: 4 });
  while (running(fleet, newId) < 2) {
    for (const machine of fleet.machines) fleet.work(machine);
    fleet.pass(1000);
  }
  fleet.happen({ kind: "pause", by: "bob", atMs: fleet.nowMs });
  const moved = fleet.machines.find(({ running: id }) => id === newId);
  assert.ok(moved);
  moved.breaks.add(newId);
  moved.failed = true;
  fleet.settle(60, 1000);
  assert.equal(fleet.rollout.state, "rolled-back", fleet.rollout.sentence);
  assert.equal(fleet.rollout.held, false);
  assert.equal(running(fleet, oldId), 4);
});

test("stepRollout: a pause on the way back holds it until it is resumed", () => {
  const fleet = fleetOf({ machines: 4 });
  while (running(fleet, newId) < 3) {
    for (const machine of fleet.machines) fleet.work(machine);
    fleet.pass(1000);
  }
  const moved = fleet.machines.find(({ running: id }) => id === newId);
  assert.ok(moved);
  moved.breaks.add(newId);
  moved.failed = true;
  while (fleet.rollout.state !== "rolling-back") fleet.work(moved);
  fleet.happen({ kind: "pause", by: "bob", atMs: fleet.nowMs });
  fleet.settle(60, 1000);
  assert.equal(fleet.rollout.state, "rolling-back");
  assert.ok(running(fleet, newId) > 0);
  fleet.happen({ kind: "resume", by: "bob", atMs: fleet.nowMs });
  fleet.settle(60, 1000);
  assert.equal(fleet.rollout.state, "rolled-back");
});

test("stepRollout: a machine that vanishes before it arrives is given up, and it all goes back", () => {
  const fleet = fleetOf({ strategy: "half" });
  const [first] = fleet.machines;
  assert.ok(first);
  first.silent = true;
  fleet.settle(400, 1000);
  assert.equal(fleet.rollout.state, "failed");
  assert.match(
    fleet.rollout.sentence,
    /^web-1 is out of reach: was not heard for 60 s; web-1 could not be brought back/,
  );
  assert.equal(running(fleet, oldId), 9);
});

test("stepRollout: a machine that vanishes and is removed does not stand in the way", () => {
  const fleet = fleetOf({ machines: 3 });
  const [first] = fleet.machines;
  assert.ok(first);
  first.silent = true;
  fleet.happen({ kind: "left", machine: "web-1", atMs: fleet.nowMs });
  fleet.settle(100, 1000);
  assert.equal(fleet.rollout.state, "succeeded");
  assert.equal(running(fleet, newId), 2);
});

test("stepRollout: when every machine is removed it fails loudly", () => {
  const fleet = fleetOf({ machines: 2 });
  for (const machine of ["web-1", "web-2"])
    fleet.happen({ kind: "left", machine, atMs: fleet.nowMs });
  assert.equal(fleet.rollout.state, "failed");
  assert.match(fleet.rollout.sentence, /no machine is left/);
});

test("stepRollout: a machine that is heard but never arrives fails at the deadline", () => {
  const fleet = fleetOf({ machines: 2, rules: { deadlineMs: 20_000 } });
  const [first] = fleet.machines;
  assert.ok(first);
  fleet.work(first);
  for (let second = 0; second < 20; second++) {
    first.stepsLeft = 5;
    fleet.work(first);
    fleet.pass(1000);
  }
  assert.equal(fleet.rollout.state, "rolling-back");
  assert.match(fleet.rollout.sentence, /web-1 failed: did not finish within 20 s/);
});

test("stepRollout does not believe a failure that was reported before the machine saw the index", () => {
  const fleet = fleetOf({ machines: 2 });
  const [first] = fleet.machines;
  assert.ok(first);
  const stale = fleet.statusOf(first);
  const status = {
    ...stale,
    services: { shop: { ...stale.services["shop"]!, state: "failed" as const, desired: newId } },
  };
  fleet.happen({ kind: "report", status, atMs: fleet.nowMs });
  assert.equal(fleet.rollout.tasks["web-1"]?.state, "moving");
});

test("stepRollout is cancelled in every state: paused or not, every machine is on the old revision again", () => {
  const seen = new Set<string>();
  for (let steps = 0; steps < 120; steps += 1) {
    for (const breaks of [[], [4]]) {
      const fleet = fleetOf({ machines: 4, breaks, rules: { bakeMs: 3_000 } });
      fleet.settle(steps, 1_000);
      const { state } = fleet.rollout;
      if (isOver(fleet.rollout)) continue;
      seen.add(state);
      if (steps % 2 === 1) fleet.happen({ kind: "pause", by: "ann", atMs: fleet.nowMs });
      fleet.happen({ kind: "cancel", by: "ann", rollBack: true, atMs: fleet.nowMs });
      fleet.settle(400, 1_000);
      assert.ok(isOver(fleet.rollout), `${state} after ${steps} steps: ${fleet.rollout.sentence}`);
      assert.equal(running(fleet, oldId), 4, `${state} after ${steps} steps`);
    }
  }
  assert.deepEqual([...seen].toSorted(), ["baking", "rolling", "rolling-back"]);
});

test("stepRollout after a cancellation without going back: the next rollout lets everybody keep what they run", () => {
  const fleet = fleetOf({ machines: 4 });
  while (running(fleet, newId) < 2) {
    for (const machine of fleet.machines) fleet.work(machine);
  }
  fleet.happen({ kind: "cancel", by: "ann", rollBack: false, atMs: fleet.nowMs });
  assert.equal(fleet.rollout.state, "cancelled");
  const mixed = fleet.index;
  assert.ok(mixed);
  const runs = (assignment: Assignment) =>
    fleet.machines.map(({ name }) => assignedRevision(assignment, { name, tags: {} }));

  const third = "c".repeat(64);
  const order = orderFor(
    fleet.machines.map(({ name }) => name),
    {},
    mixed,
  );
  const { actions, rollout } = startRollout({ ...order, id: "r-2", revision: third });
  const [publish] = actions;
  assert.ok(publish?.kind === "publish");
  const next = { ...publish.assignment, serial: mixed.serial + 1 };
  const opened = rollout.waves.flat();
  const expected = runs(mixed).map((revision, index) =>
    opened.includes(fleet.machines[index]?.name ?? "") ? third : revision,
  );
  assert.deepEqual(runs(next), expected);
});

test("stepRollout: the same index said twice changes nothing, another index nothing either", () => {
  const fleet = fleetOf({ machines: 3 });
  const before = fleet.rollout;
  assert.ok(fleet.index);
  fleet.happen({ kind: "published", assignment: fleet.index, atMs: fleet.nowMs });
  assert.deepEqual(fleet.rollout, before);
  fleet.happen({
    kind: "published",
    assignment: { ...fleet.index, open: 0, serial: 99 },
    atMs: fleet.nowMs,
  });
  assert.deepEqual(fleet.rollout, before);
});

test("stepRollout: settings go where their revision goes, there and back", () => {
  const before = { environment: { A: "old" } };
  const after = { environment: { A: "new" } };
  const order = orderFor(["web-1", "web-2"], {}, { ...settledOn(oldId), settings: before });
  const step = startRollout({ ...order, settings: after });
  const settingsOf = (assignment: WantedAssignment, name: string) =>
    assignedTo({ ...assignment, serial: 1 }, { name, tags: {} })?.settings;
  const there = wantedAssignment(step.rollout);
  assert.deepEqual(settingsOf(there, "web-1"), after);
  assert.deepEqual(settingsOf(there, "web-2"), before);
  const cancelled = stepRollout(step.rollout, {
    kind: "cancel",
    by: "ann",
    rollBack: true,
    atMs: start,
  });
  const back = wantedAssignment(cancelled.rollout);
  assert.deepEqual(settingsOf(back, "web-1"), before);
  assert.deepEqual(settingsOf(back, "web-2"), before);
});

/** How many random rollouts are followed; a failure names its seed. */
const seeds = Number(process.env["ROLLOUT_SEEDS"] ?? 4000);
const firstSeed = Number(process.env["ROLLOUT_SEED"] ?? 1);

test(`stepRollout keeps its promises through ${seeds} random rollouts`, () => {
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    try {
      followRandomRollout(new SeededRandom(seed));
    } catch (failure) {
      throw new Error(`with ROLLOUT_SEED=${seed} ROLLOUT_SEEDS=1`, { cause: failure });
    }
  }
});

function followRandomRollout(random: SeededRandom): void {
  const machines = random.between(1, 12);
  const strategy = random.pick([
    ...(machines > 1 ? ["minimum-healthy:50%"] : []),
    "all-at-once",
    "half",
    "one-at-a-time",
    "25%",
    "canary:1:half",
    "canary:2",
  ]);
  const rules: Partial<RolloutRules> = {
    stopAt: random.pick(["first-failure", "health-floor"]),
    rollBack: random.chance(0.8),
    bakeMs: random.pick([0, 0, 5000]),
    silenceMs: 20_000,
    deadlineMs: 60_000,
  };
  const first = random.chance(0.2);
  const fleet = fleetOf({ machines, strategy, rules, first });
  for (const machine of fleet.machines) if (random.chance(0.1)) machine.breaks.add(newId);

  let serial = fleet.serial;
  for (let turn = 0; turn < 150 && !isOver(fleet.rollout); turn++) {
    disturb(fleet, random);
    assert.ok(fleet.serial >= serial, "a serial never goes back");
    serial = fleet.serial;
    checkBudget(fleet);
  }

  // Once faults stop, it ends, and everybody is where the index says.
  for (const machine of fleet.machines) {
    machine.silent = false;
    machine.failed &&= machine.breaks.has(fleet.desiredOf(machine) ?? "");
  }
  if (fleet.rollout.held) fleet.happen({ kind: "resume", by: "ann", atMs: fleet.nowMs });
  fleet.settle(400, 1000);
  assert.ok(isOver(fleet.rollout), `it ends: ${fleet.rollout.state}, ${fleet.rollout.sentence}`);
  for (let round = 0; round < 10; round++)
    for (const machine of fleet.machines) fleet.work(machine);
  for (const machine of fleet.machines) {
    const desired = fleet.desiredOf(machine);
    if (machine.failed) assert.ok(desired !== undefined && machine.breaks.has(desired));
    else assert.equal(machine.running, desired, `${machine.name} runs what it should`);
  }
  checkEnd(fleet, first);
}

function disturb(fleet: SimulatedFleet, random: SeededRandom): void {
  const machine = random.pick(fleet.machines);
  const kind = random.between(0, 99);
  if (kind < 75) fleet.work(machine);
  else if (kind < 92) fleet.pass(random.between(1, 3000));
  else if (kind < 94) machine.silent = !machine.silent;
  else if (kind < 95 && machine.running !== undefined) machine.failed = true;
  else if (kind < 97)
    fleet.happen({ kind: random.pick(["pause", "resume"]), by: "bob", atMs: fleet.nowMs });
  else if (kind < 98)
    fleet.happen({ kind: "cancel", by: "ann", rollBack: random.chance(0.5), atMs: fleet.nowMs });
  else if (kind < 99 && fleet.index)
    fleet.happen({ kind: "published", assignment: fleet.index, atMs: fleet.nowMs });
  else fleet.pass(15_000);
}

/** Never are more machines that are well sent anywhere at once than the strategy lets change. */
function checkBudget({ rollout }: SimulatedFleet): void {
  const tasks = Object.values(rollout.tasks);
  const most = nextWaveSize(rollout.rules.strategy, { machines: tasks.length, lost: 0, waves: 0 });
  const later = nextWaveSize(rollout.rules.strategy, { machines: tasks.length, lost: 0, waves: 1 });
  // Those that are in trouble go back together, first of all.
  const isFirstBack = rollout.backBecause !== undefined && rollout.waves.length === 1;
  const open = isFirstBack ? [] : (rollout.waves.at(-1) ?? []);
  assert.ok(open.length <= Math.max(1, most, later), `a wave of ${open.length}`);
  const names = [...rollout.waves.flat(), ...rollout.waiting];
  assert.equal(new Set(names).size, names.length, "a machine stands in one wave at most");
}

function checkEnd(fleet: SimulatedFleet, first: boolean): void {
  const { rollout, index } = fleet;
  assert.ok(index);
  const told = touched(fleet);
  for (const [name, task] of Object.entries(rollout.tasks)) {
    if (task.state === "skipped")
      assert.ok(!told.includes(name), `${name} was skipped and is untouched`);
    assert.notEqual(task.state, "pending");
  }
  if (rollout.state === "succeeded") assert.equal(index.revision, newId);
  if (rollout.state === "rolled-back") {
    assert.equal(first, false);
    for (const machine of fleet.machines) assert.equal(machine.running, oldId);
  }
}
