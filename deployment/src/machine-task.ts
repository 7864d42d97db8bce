// One machine's part in a rollout: a state machine without clock or network.
import type { ServiceStatus } from "./machine-status.ts";

/*
 *                 open                runs it
 *   pending ─────────────▶ moving ───────────────▶ moved
 *      │                   │  ▲ │                  │ │ ▲
 *      │ skip       failed │  │ │ silent           │ │ │ runs it again
 *      ▼       or too late │  │ ▼                  │ └─┴─ converging: it is being repaired
 *   skipped                │  unreachable ◀────────┤ silent
 *                          ▼     │                 │
 *                        failed ◀┼─────────────────┘ failed
 *                          │     │
 *                          └──┬──┘ give back (also from moving and moved)
 *                             ▼          runs the old
 *                         returning ───────────────────▶ returned
 *                             │ failed, silent or too late
 *                             ▼
 *                         stranded ─── runs the old ───▶ returned
 *
 * From every state a machine that is removed for good is gone. One that is unreachable and is heard again is moving. Reports of a machine that has not yet seen the index that
 * opened its wave say nothing about this rollout and only count as signs of life.
 */

/** Where a machine stands in a rollout. */
export type MachineTaskState =
  | "pending"
  | "moving"
  | "moved"
  | "failed"
  | "unreachable"
  | "skipped"
  | "gone"
  | "returning"
  | "returned"
  | "stranded";

/** One machine's part in a rollout. */
export interface MachineTask {
  readonly state: MachineTaskState;
  /** Since when, in milliseconds since 1970 by the control plane's clock. */
  readonly sinceMs: number;
  /** When it was last heard. */
  readonly heardMs: number;
  /** When it was last sent somewhere: there or back. */
  readonly sentMs?: number;
  /** The serial of the index that sent it; absent until that is published. */
  readonly sentSerial?: number;
  /** What it was doing when last heard. */
  readonly step?: string;
  /** Why it is in this state, or what it says of its way. */
  readonly sentence?: string;
  /** What the service last wrote, where it failed. */
  readonly lastLines?: readonly string[];
}

/** How long a rollout waits for a machine. */
export interface Patience {
  /** A machine that was not heard for so long is out of reach. */
  readonly silenceMs: number;
  /** A machine that has not arrived so long after it was sent has failed. */
  readonly deadlineMs: number;
}

/** What can happen to a machine's part. */
export type MachineTaskEvent =
  /** Its wave opens. */
  | { readonly kind: "open"; readonly atMs: number }
  /** It is to go back to what ran before. */
  | { readonly kind: "give-back"; readonly atMs: number }
  /** The index that sends it is published. */
  | { readonly kind: "published"; readonly serial: number; readonly atMs: number }
  /** It was heard. `target` is the revision that it was sent to. */
  | {
      readonly kind: "report";
      readonly seenSerial: number;
      readonly status?: ServiceStatus;
      readonly target: string;
      readonly atMs: number;
    }
  /** Time has passed. */
  | { readonly kind: "tick"; readonly patience: Patience; readonly atMs: number }
  /** The rollout ends before its turn. */
  | { readonly kind: "skip"; readonly sentence: string; readonly atMs: number }
  /** The machine was removed for good. */
  | { readonly kind: "leave"; readonly atMs: number };

/** A machine whose turn has not come; `heardMs` is when it was last heard. */
export function pendingTask(heardMs: number, atMs: number): MachineTask {
  return { state: "pending", sinceMs: atMs, heardMs };
}

/** The part after an event; the same object where the event changes nothing. */
export function stepMachineTask(task: MachineTask, event: MachineTaskEvent): MachineTask {
  switch (event.kind) {
    case "open":
      return task.state === "pending" ? send(task, "moving", event.atMs) : task;
    case "give-back":
      return isTouched(task) ? send(task, "returning", event.atMs) : task;
    case "published":
      return needsSerial(task) ? { ...task, sentSerial: event.serial } : task;
    case "report":
      return hear(task, event);
    case "tick":
      return wait(task, event);
    case "skip":
      return task.state === "pending" ? enter(task, "skipped", event.atMs, event.sentence) : task;
    case "leave":
      return enter(task, "gone", event.atMs, "was removed from the environment");
  }
}

/** Whether the machine was sent to the new revision, and so may run it. */
export function isTouched(task: MachineTask): boolean {
  return task.state !== "pending" && task.state !== "skipped" && task.state !== "gone";
}

/** Whether the rollout waits for the machine. */
export function isUnderWay(task: MachineTask): boolean {
  return task.state === "moving" || task.state === "returning";
}

/** Whether the machine counts as lost to the new revision. */
export function isLost(task: MachineTask): boolean {
  return task.state === "failed" || task.state === "unreachable";
}

function needsSerial(task: MachineTask): boolean {
  return isTouched(task) && task.sentMs !== undefined && task.sentSerial === undefined;
}

/** What a machine wrote when it failed is still wanted when it is back. */
function send(task: MachineTask, state: "moving" | "returning", atMs: number): MachineTask {
  const { heardMs, lastLines } = task;
  const sent = { state, sinceMs: atMs, heardMs, sentMs: atMs };
  return lastLines === undefined ? sent : { ...sent, lastLines };
}

function enter(
  task: MachineTask,
  state: MachineTaskState,
  atMs: number,
  sentence: string,
): MachineTask {
  const { step: _, ...rest } = task;
  return { ...rest, state, sinceMs: atMs, sentence };
}

function hear(task: MachineTask, event: MachineTaskEvent & { kind: "report" }): MachineTask {
  const heard = { ...task, heardMs: Math.max(task.heardMs, event.atMs) };
  const { status, target, seenSerial, atMs } = event;
  if (task.sentSerial === undefined || seenSerial < task.sentSerial || status === undefined)
    return heard;
  if (status.desired !== target) return heard;
  switch (status.state) {
    case "running":
      return status.running === target
        ? arrive(heard, status, atMs)
        : onItsWay(heard, status, atMs);
    case "converging":
      return onItsWay(heard, status, atMs);
    default:
      return fail(heard, status, atMs);
  }
}

function arrive(task: MachineTask, status: ServiceStatus, atMs: number): MachineTask {
  switch (task.state) {
    case "moving":
    case "unreachable":
      return enter(task, "moved", atMs, status.sentence);
    case "returning":
    case "stranded":
      return enter(task, "returned", atMs, status.sentence);
    default:
      return task;
  }
}

function onItsWay(task: MachineTask, status: ServiceStatus, atMs: number): MachineTask {
  const { step: _, ...rest } = task;
  const { step, sentence } = status;
  const saying = { ...rest, sentence, ...(step === undefined ? {} : { step }) };
  if (task.state === "moving" || task.state === "returning") return saying;
  if (task.state !== "unreachable" && task.state !== "moved") return task;
  return { ...saying, state: "moving", sinceMs: atMs, sentMs: atMs };
}

function fail(task: MachineTask, status: ServiceStatus, atMs: number): MachineTask {
  const { sentence, lastLines } = status;
  const failed = lastLines === undefined ? task : { ...task, lastLines };
  switch (task.state) {
    case "moving":
    case "moved":
    case "unreachable":
      return enter(failed, "failed", atMs, sentence);
    case "returning":
      return enter(failed, "stranded", atMs, sentence);
    default:
      return task;
  }
}

function wait(task: MachineTask, event: MachineTaskEvent & { kind: "tick" }): MachineTask {
  if (!isUnderWay(task) && task.state !== "moved") return task;
  const { patience, atMs } = event;
  // Silence before it was sent is not held against it.
  const silentMs = atMs - Math.max(task.heardMs, task.sentMs ?? 0);
  if (silentMs >= patience.silenceMs) {
    const state = task.state === "returning" ? "stranded" : "unreachable";
    return enter(task, state, atMs, `was not heard for ${seconds(silentMs)}`);
  }
  const underWayMs = atMs - (task.sentMs ?? atMs);
  if (!isUnderWay(task) || underWayMs < patience.deadlineMs) return task;
  const last = task.sentence === undefined ? "" : `; the last it said: ${task.sentence}`;
  const doing = task.step === undefined ? last : `; it was ${task.step}`;
  const state = task.state === "returning" ? "stranded" : "failed";
  return enter(task, state, atMs, `did not finish within ${seconds(patience.deadlineMs)}${doing}`);
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
