// What an event does to a rollout: the new rollout, and what is to be done because of it.
import type { Assignment } from "./assignment.ts";
import { canonicalJson } from "./canonical-json.ts";
import type { MachineStatus } from "./machine-status.ts";
import { stepMachineTask } from "./machine-task.ts";
import { isOver, type Rollout } from "./rollout.ts";
import { isGoingBack, type WantedAssignment, wantedAssignment } from "./rollout-assignment.ts";
import { end, followCourse, free, turnBack, withEach } from "./rollout-course.ts";

/** What can happen to a rollout. Moments are milliseconds since 1970 by the control plane's clock. */
export type RolloutEvent =
  /** The index was written, and says this of the service. Said again after a restart it does no harm. */
  | { readonly kind: "published"; readonly assignment: Assignment; readonly atMs: number }
  /** A machine was heard. */
  | { readonly kind: "report"; readonly status: MachineStatus; readonly atMs: number }
  /** A machine was removed for good. */
  | { readonly kind: "left"; readonly machine: string; readonly atMs: number }
  /** Time has passed. */
  | { readonly kind: "tick"; readonly atMs: number }
  | { readonly kind: "pause"; readonly by: string; readonly atMs: number }
  | { readonly kind: "resume"; readonly by: string; readonly atMs: number }
  /** Ends it. With `rollBack` machines that were touched go back first; without, everybody stays where they are. */
  | {
      readonly kind: "cancel";
      readonly by: string;
      readonly rollBack: boolean;
      readonly atMs: number;
    };

/** What is to be done. */
export type RolloutAction =
  /** The index must say this of the service, under its next serial. Whoever did it sends `published`. */
  | { readonly kind: "publish"; readonly assignment: WantedAssignment }
  /** Something people want to know happened, to one machine or to all of it. */
  | { readonly kind: "note"; readonly machine?: string; readonly sentence: string }
  /** It is over. */
  | { readonly kind: "end"; readonly rollout: Rollout };

/** What an event did. */
export interface RolloutStep {
  readonly rollout: Rollout;
  readonly actions: readonly RolloutAction[];
}

/** What an event does to a rollout. Once it is over only `published` still changes it. */
export function stepRollout(rollout: Rollout, event: RolloutEvent): RolloutStep {
  if (event.kind === "published") return { rollout: published(rollout, event), actions: [] };
  if (isOver(rollout)) return { rollout, actions: [] };
  return withActions(rollout, followCourse(happen(rollout, event), event.atMs));
}

/** A step from one rollout to the next, with the actions that the difference asks for. */
export function withActions(before: Rollout | undefined, after: Rollout): RolloutStep {
  const wanted = wantedAssignment(after);
  const isSame =
    before !== undefined && canonicalJson(wantedAssignment(before)) === canonicalJson(wanted);
  const actions: readonly RolloutAction[] = [
    ...(isSame ? [] : [{ kind: "publish", assignment: wanted } as const]),
    ...machineNotes(before, after),
    ...(before?.sentence === after.sentence
      ? []
      : [{ kind: "note", sentence: after.sentence } as const]),
    ...(isOver(after) ? [{ kind: "end", rollout: after } as const] : []),
  ];
  return { rollout: isSame ? after : unpublished(after), actions };
}

function happen(rollout: Rollout, event: Exclude<RolloutEvent, { kind: "published" }>): Rollout {
  const { atMs } = event;
  switch (event.kind) {
    case "report":
      return reported(rollout, event.status, atMs);
    case "left":
      return {
        ...rollout,
        waiting: rollout.waiting.filter((name) => name !== event.machine),
        tasks: withEach(rollout, [event.machine], (task) =>
          stepMachineTask(task, { kind: "leave", atMs }),
        ),
      };
    case "tick":
      return {
        ...rollout,
        tasks: withEach(rollout, Object.keys(rollout.tasks), (task) =>
          stepMachineTask(task, { kind: "tick", patience: rollout.rules, atMs }),
        ),
      };
    case "pause":
      return rollout.held ? rollout : { ...rollout, held: true, sentence: `paused by ${event.by}` };
    case "resume":
      return rollout.held
        ? { ...rollout, held: false, sentence: `resumed by ${event.by}` }
        : rollout;
    case "cancel":
      return cancelled(rollout, event);
  }
}

function reported(rollout: Rollout, status: MachineStatus, atMs: number): Rollout {
  const service = status.services[rollout.service];
  const target = isGoingBack(rollout) ? (rollout.previous ?? "") : rollout.revision;
  return {
    ...rollout,
    tasks: withEach(rollout, [status.machine], (task) =>
      stepMachineTask(task, {
        kind: "report",
        seenSerial: status.seenSerial,
        ...(service === undefined ? {} : { status: service }),
        target,
        atMs,
      }),
    ),
  };
}

/** Who cancels a paused rollout wants it gone, and not to wait for a `resume`. */
function cancelled(rollout: Rollout, event: RolloutEvent & { kind: "cancel" }): Rollout {
  const { by, rollBack, atMs } = event;
  const sentence = `cancelled by ${by}`;
  if (!rollBack)
    return end(rollout, "cancelled", atMs, `${sentence}; every machine stays as it is`);
  const going = free(rollout);
  return going.state === "rolling-back" ? going : turnBack(going, "cancel", atMs, sentence);
}

/** Machines that were sent and wait for the index are now told; an index that says something else tells them nothing. */
function published(rollout: Rollout, event: RolloutEvent & { kind: "published" }): Rollout {
  const { serial, ...said } = event.assignment;
  if (canonicalJson(said) !== canonicalJson(wantedAssignment(rollout))) return rollout;
  return {
    ...rollout,
    publishedSerial: serial,
    tasks: withEach(rollout, Object.keys(rollout.tasks), (task) =>
      stepMachineTask(task, { kind: "published", serial, atMs: event.atMs }),
    ),
  };
}

function unpublished(rollout: Rollout): Rollout {
  const { publishedSerial: _, ...rest } = rollout;
  return rest;
}

function machineNotes(before: Rollout | undefined, after: Rollout): readonly RolloutAction[] {
  return Object.entries(after.tasks)
    .filter(([name, task]) => before !== undefined && before.tasks[name]?.state !== task.state)
    .map(([machine, { state, sentence }]) => ({
      kind: "note",
      machine,
      sentence:
        sentence === undefined ? `${machine}: ${state}` : `${machine}: ${state}: ${sentence}`,
    }));
}
