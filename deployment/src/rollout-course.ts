// Where a rollout goes from where it stands: the next wave, back, or to its end.
import {
  isLost,
  isTouched,
  isUnderWay,
  type MachineTask,
  stepMachineTask,
} from "./machine-task.ts";
import { shortId } from "./revision.ts";
import type { Rollout, RolloutState } from "./rollout.ts";
import { nextWaveSize, successesNeeded } from "./strategy.ts";

/*
 *              all arrived             bake is over, nobody waits
 *   rolling ───────────────▶ baking ─────────────────────────────▶ succeeded
 *      ▲  ▲                  │ │  │
 *      │  └──────────────────┘ │  └─ bake is over: the next wave opens (not while held)
 *      └── one moves again ────┘
 *      │                       │
 *      └──────────┬────────────┘
 *                 │ failed, or cancelled
 *                 ├───────────── nothing to go back to, or not wanted ──▶ failed | cancelled
 *                 ▼
 *            rolling-back ── all are back ──▶ rolled-back, or cancelled
 *                 └───────── some are not ──▶ failed
 *
 * A cancellation is honoured in every state, and lifts a pause; that without going back means "stay where you are". Being held
 * (paused) stops waves from opening and the rollout from succeeding; failures count all the same, and lift the pause too: who
 * paused a rollout wanted no further machine to move on, and none to stay on what has failed. A pause that is asked for
 * on the way back holds it.
 */

/** Follows the course as far as it goes at this moment. */
export function followCourse(rollout: Rollout, atMs: number): Rollout {
  for (let now = rollout; ; ) {
    const next = takeStep(now, atMs);
    if (next === now) return now;
    now = next;
  }
}

function takeStep(rollout: Rollout, atMs: number): Rollout {
  switch (rollout.state) {
    case "rolling":
    case "baking":
      return goOn(rollout, atMs);
    case "rolling-back":
      return goBack(rollout, atMs);
    default:
      return rollout;
  }
}

function goOn(rollout: Rollout, atMs: number): Rollout {
  if (membersOf(rollout).length === 0) {
    return end(rollout, "failed", atMs, "failed: no machine is left to roll out to");
  }
  const broken = reasonToStop(rollout);
  if (broken !== undefined) return stop(rollout, atMs, broken);
  if (tasksOf(rollout).some(isUnderWay)) {
    return rollout.state === "rolling" ? rollout : unbaked({ ...rollout, state: "rolling" });
  }
  if (rollout.bakeUntilMs === undefined) {
    return { ...rollout, state: "baking", bakeUntilMs: atMs + rollout.rules.bakeMs };
  }
  if (atMs < rollout.bakeUntilMs || rollout.held) return rollout;
  if (rollout.waiting.length > 0)
    return openNextWave(unbaked({ ...rollout, state: "rolling" }), atMs);
  return end(
    rollout,
    "succeeded",
    atMs,
    `succeeded: ${countOf(rollout, "moved")} moved to ${shortId(rollout.revision)}`,
  );
}

/** Opens the next wave on the way there. */
export function openNextWave(rollout: Rollout, atMs: number): Rollout {
  const size = nextWaveSize(rollout.rules.strategy, groupCount(rollout));
  const wave = rollout.waiting.slice(0, size);
  return {
    ...rollout,
    waves: [...rollout.waves, wave],
    waiting: rollout.waiting.slice(size),
    tasks: withEach(rollout, wave, (task) => stepMachineTask(task, { kind: "open", atMs })),
    sentence: `wave ${rollout.waves.length + 1} is open: ${wave.join(", ")}`,
  };
}

/** Why it must not go on; `undefined` while it may. */
function reasonToStop(rollout: Rollout): string | undefined {
  const { rules, waiting, waves } = rollout;
  const lost = Object.entries(rollout.tasks).filter(([, task]) => isLost(task));
  const [first] = lost.sort(([, a], [, b]) => a.sinceMs - b.sinceMs);
  if (first === undefined) return undefined;
  const [name, task] = first;
  const sentence = `${name} ${task.state === "failed" ? "failed" : "is out of reach"}: ${task.sentence ?? "no reason is known"}`;
  if (rules.stopAt === "first-failure") return sentence;

  const count = { ...groupCount(rollout), waves: Math.max(1, waves.length) };
  const needed = successesNeeded(rules.strategy, count.machines);
  if (count.machines - count.lost < needed) {
    return `${sentence}; ${count.lost} of ${count.machines} machines are lost and ${needed} must be well`;
  }
  if (waiting.length > 0 && nextWaveSize(rules.strategy, count) === 0) {
    return `${sentence}; ${count.machines - count.lost} of ${count.machines} machines are well, too few to change another`;
  }
  return undefined;
}

function stop(rollout: Rollout, atMs: number, because: string): Rollout {
  if (rollout.rules.rollBack) return turnBack(free(rollout), "failure", atMs, because);
  return end(rollout, "failed", atMs, `${because}${untouchedOf(rollout)}`);
}

/** The rollout without its pause. */
export function free(rollout: Rollout): Rollout {
  return rollout.held ? { ...rollout, held: false } : rollout;
}

/** Sends every machine that was touched back to what ran before: those in trouble first, then the others wave by wave. */
export function turnBack(
  rollout: Rollout,
  backBecause: "failure" | "cancel",
  atMs: number,
  because: string,
): Rollout {
  const over = backBecause === "failure" ? "failed" : "cancelled";
  const touched = rollout.waves.flat().filter((name) => isTouchedIn(rollout, name));
  if (touched.length === 0) return end(rollout, over, atMs, because);
  if (rollout.previous === undefined) {
    return end(
      rollout,
      over,
      atMs,
      `${because}; nothing ran before, so there is nothing to go back to`,
    );
  }
  const moved = touched.filter((name) => rollout.tasks[name]?.state === "moved");
  const troubled = touched.filter((name) => !moved.includes(name));
  const turned: Rollout = {
    ...unbaked(rollout),
    state: "rolling-back",
    backBecause,
    waves: [],
    waiting: moved.reverse(),
    tasks: withEach(rollout, rollout.waiting, (task) =>
      stepMachineTask(task, { kind: "skip", atMs, sentence: "was not touched" }),
    ),
    sentence: because,
  };
  return troubled.length > 0 ? openBack(turned, troubled, atMs) : openNextBack(turned, atMs);
}

function goBack(rollout: Rollout, atMs: number): Rollout {
  if (tasksOf(rollout).some(isUnderWay)) return rollout;
  if (rollout.waiting.length > 0) return rollout.held ? rollout : openNextBack(rollout, atMs);
  const stranded = Object.entries(rollout.tasks)
    .filter(([, { state }]) => state === "stranded")
    .map(([name]) => name);
  const before = shortId(rollout.previous ?? "");
  if (stranded.length > 0) {
    return end(
      rollout,
      "failed",
      atMs,
      `${rollout.sentence}; ${stranded.join(", ")} could not be brought back to ${before}`,
    );
  }
  const over = rollout.backBecause === "cancel" ? "cancelled" : "rolled-back";
  return end(
    rollout,
    over,
    atMs,
    `${rollout.sentence}; ${countOf(rollout, "returned")} went back to ${before}${untouchedOf(rollout)}`,
  );
}

/** One machine goes back at least, however few are well: what it runs is what is wrong. */
function openNextBack(rollout: Rollout, atMs: number): Rollout {
  const size = Math.max(
    1,
    nextWaveSize(rollout.rules.strategy, { ...groupCount(rollout), lost: 0, waves: 1 }),
  );
  return openBack(
    { ...rollout, waiting: rollout.waiting.slice(size) },
    rollout.waiting.slice(0, size),
    atMs,
  );
}

function openBack(rollout: Rollout, wave: readonly string[], atMs: number): Rollout {
  return {
    ...rollout,
    waves: [...rollout.waves, wave],
    tasks: withEach(rollout, wave, (task) => stepMachineTask(task, { kind: "give-back", atMs })),
  };
}

/** Ends it; machines whose turn had not come are skipped. */
export function end(
  rollout: Rollout,
  state: RolloutState,
  atMs: number,
  sentence: string,
): Rollout {
  return {
    ...unbaked(rollout),
    state,
    endedMs: atMs,
    sentence,
    tasks: withEach(rollout, Object.keys(rollout.tasks), (task) =>
      stepMachineTask(task, { kind: "skip", atMs, sentence: "was not touched" }),
    ),
  };
}

/** The tasks, with those of the named machines changed. */
export function withEach(
  { tasks }: Rollout,
  names: readonly string[],
  change: (task: MachineTask, name: string) => MachineTask,
): Rollout["tasks"] {
  const changed: Record<string, MachineTask> = { ...tasks };
  for (const name of names) {
    const task = tasks[name];
    if (task !== undefined) changed[name] = change(task, name);
  }
  return changed;
}

function groupCount(rollout: Rollout) {
  const members = membersOf(rollout);
  return {
    machines: members.length,
    lost: members.filter(isLost).length,
    waves: rollout.waves.length,
  };
}

function membersOf(rollout: Rollout): readonly MachineTask[] {
  return tasksOf(rollout).filter(({ state }) => state !== "gone");
}

function tasksOf({ tasks }: Rollout): readonly MachineTask[] {
  return Object.values(tasks);
}

function isTouchedIn({ tasks }: Rollout, name: string): boolean {
  const task = tasks[name];
  return task !== undefined && isTouched(task);
}

function unbaked(rollout: Rollout): Rollout {
  const { bakeUntilMs: _, ...rest } = rollout;
  return rest;
}

function countOf(rollout: Rollout, state: MachineTask["state"]): string {
  return machines(tasksOf(rollout).filter((task) => task.state === state).length);
}

/** How a sentence goes on where there are any. */
function untouchedOf(rollout: Rollout): string {
  const untouched = tasksOf(rollout).filter(
    ({ state }) => state === "pending" || state === "skipped",
  );
  if (untouched.length === 0) return "";
  return `, ${machines(untouched.length)} ${untouched.length === 1 ? "was" : "were"} not touched`;
}

function machines(count: number): string {
  return `${count} ${count === 1 ? "machine" : "machines"}`;
}
