import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServiceStatus } from "./machine-status.ts";
import {
  type MachineTask,
  type MachineTaskState,
  pendingTask,
  stepMachineTask,
} from "./machine-task.ts";

const target = "b".repeat(64);
const patience = { silenceMs: 60, deadlineMs: 600 };
const moment = "2026-01-01T00:00:00.000Z";

function status(
  state: ServiceStatus["state"],
  changed: Partial<ServiceStatus> = {},
): ServiceStatus {
  return {
    desired: target,
    running: target,
    state,
    sentence: "so it is",
    since: moment,
    restarts: 0,
    health: "unknown",
    ...changed,
  };
}

function report(task: MachineTask, said: ServiceStatus, seenSerial = 5, atMs = 20): MachineTask {
  return stepMachineTask(task, { kind: "report", seenSerial, status: said, target, atMs });
}

const pending = pendingTask(0, 0);
const moving = stepMachineTask(stepMachineTask(pending, { kind: "open", atMs: 10 }), {
  kind: "published",
  serial: 5,
  atMs: 10,
});
const moved = report(moving, status("running"));
const failed = report(moving, status("failed", { lastLines: ["boom"] }));
const unreachable = stepMachineTask(moving, { kind: "tick", patience, atMs: 70 });
const returning = stepMachineTask(stepMachineTask(moved, { kind: "give-back", atMs: 30 }), {
  kind: "published",
  serial: 6,
  atMs: 30,
});
const stranded = report(returning, status("failed"), 6, 40);
const returned = report(returning, status("running"), 6, 40);
const skipped = stepMachineTask(pending, { kind: "skip", sentence: "was not touched", atMs: 1 });
const gone = stepMachineTask(moving, { kind: "leave", atMs: 11 });

const all = {
  pending,
  moving,
  moved,
  failed,
  unreachable,
  returning,
  stranded,
  returned,
  skipped,
  gone,
};

test("stepMachineTask reaches every state", () => {
  for (const [name, { state }] of Object.entries(all)) assert.equal(state, name);
  assert.deepEqual(failed.lastLines, ["boom"]);
  assert.equal(unreachable.sentence, "was not heard for 0 s");
});

/** The whole table: from each state, where each event leads; what is not named leads nowhere else. */
const table: readonly (readonly [
  event: string,
  step: (task: MachineTask) => MachineTask,
  leads: Partial<Record<MachineTaskState, MachineTaskState>>,
])[] = [
  ["open", (task) => stepMachineTask(task, { kind: "open", atMs: 50 }), { pending: "moving" }],
  [
    "runs it",
    (task) => report(task, status("running"), 6, 50),
    { moving: "moved", unreachable: "moved", returning: "returned", stranded: "returned" },
  ],
  [
    "fails",
    (task) => report(task, status("failed"), 6, 50),
    { moving: "failed", moved: "failed", unreachable: "failed", returning: "stranded" },
  ],
  [
    "stops",
    (task) => report(task, status("stopped"), 6, 50),
    { moving: "failed", moved: "failed", unreachable: "failed", returning: "stranded" },
  ],
  [
    "is on its way",
    (task) => report(task, status("converging", { step: "staging" }), 6, 50),
    { moved: "moving", unreachable: "moving" },
  ],
  ["an old word", (task) => report(task, status("failed"), 4, 50), {}],
  [
    "a word about another revision",
    (task) => report(task, status("failed", { desired: "c".repeat(64) }), 6, 50),
    {},
  ],
  [
    "silence",
    (task) => stepMachineTask(task, { kind: "tick", patience, atMs: 500 }),
    { moving: "unreachable", moved: "unreachable", returning: "stranded" },
  ],
  [
    "too late",
    (task) => stepMachineTask({ ...task, heardMs: 1000 }, { kind: "tick", patience, atMs: 1000 }),
    { moving: "failed", returning: "stranded" },
  ],
  [
    "give back",
    (task) => stepMachineTask(task, { kind: "give-back", atMs: 50 }),
    {
      moving: "returning",
      moved: "returning",
      failed: "returning",
      unreachable: "returning",
      returned: "returning",
      stranded: "returning",
    },
  ],
  [
    "skip",
    (task) => stepMachineTask(task, { kind: "skip", sentence: "no", atMs: 50 }),
    { pending: "skipped" },
  ],
  [
    "leave",
    (task) => stepMachineTask(task, { kind: "leave", atMs: 50 }),
    Object.fromEntries(Object.keys(all).map((name) => [name, "gone"])),
  ],
];

for (const [event, step, leads] of table) {
  for (const [name, task] of Object.entries(all)) {
    const to = leads[task.state] ?? task.state;
    test(`stepMachineTask: ${name}, ${event}: ${to}`, () => assert.equal(step(task).state, to));
  }
}

test("stepMachineTask: a failure that nobody could know of yet is only a sign of life", () => {
  const untold = stepMachineTask(pending, { kind: "open", atMs: 10 });
  const heard = report(untold, status("failed"), 99, 44);
  assert.equal(heard.state, "moving");
  assert.equal(heard.heardMs, 44);
});

test("stepMachineTask says what a machine was doing when its time was up, or what kept it from doing anything", () => {
  const tick = { kind: "tick", patience, atMs: 700 } as const;
  const busy = report(moving, status("converging", { step: "validating" }), 5, 700);
  assert.equal(
    stepMachineTask(busy, tick).sentence,
    "did not finish within 1 s; it was validating",
  );
  const stuck = report(
    busy,
    status("converging", { sentence: "nobody gives it the program" }),
    5,
    700,
  );
  assert.equal(
    stepMachineTask(stuck, tick).sentence,
    "did not finish within 1 s; the last it said: nobody gives it the program",
  );
});
