// What the environment's index must say while a rollout stands as it does.
import type { Assignment, AssignmentState } from "./assignment.ts";
import { isTouched } from "./machine-task.ts";
import type { Rollout } from "./rollout.ts";

/** An assignment before it has a serial: the writer of the index gives it one. */
export type WantedAssignment = Omit<Assignment, "serial">;

/** What the index must say of the service. A function of the rollout alone: whoever writes it twice writes the same. */
export function wantedAssignment(rollout: Rollout): WantedAssignment {
  return isGoingBack(rollout) ? wayBack(rollout) : wayThere(rollout);
}

/** Whether machines are, or were, brought back to what ran before. */
export function isGoingBack(rollout: Rollout): boolean {
  return rollout.backBecause !== undefined;
}

function wayThere(rollout: Rollout): WantedAssignment {
  const { previous, previousSettings, kept, waves, waiting } = rollout;
  return {
    ...fixedPart(rollout),
    revision: rollout.revision,
    settings: rollout.settings,
    ...(previous === undefined ? {} : { previous }),
    ...(previousSettings === undefined ? {} : { previousSettings }),
    waves: waiting.length === 0 ? waves : [...waves, waiting],
    open: waves.length,
    state: stateOf(rollout),
    ...(Object.keys(kept).length === 0 ? {} : { kept }),
  };
}

/** Everybody runs what ran before, except those that were touched and must wait for their turn. */
function wayBack(rollout: Rollout): WantedAssignment {
  const { revision, settings, previous = revision, previousSettings = settings } = rollout;
  const { waves, waiting } = rollout;
  const kept = {
    ...Object.fromEntries(
      Object.entries(rollout.kept).filter(([name]) => !wasTouched(rollout, name)),
    ),
    ...Object.fromEntries(waiting.map((name) => [name, { revision, settings }])),
  };
  const none = Object.keys(kept).length === 0;
  return {
    ...fixedPart(rollout),
    revision: previous,
    settings: previousSettings,
    previous,
    previousSettings,
    waves: waiting.length === 0 ? waves : [...waves, waiting],
    open: waves.length,
    state: none && rollout.state !== "rolling-back" ? "settled" : stateOf(rollout),
    ...(none ? {} : { kept }),
  };
}

function fixedPart({ service, id, selector }: Rollout) {
  return { service, rollout: id, selector };
}

function stateOf({ state, held }: Rollout): AssignmentState {
  if (state === "succeeded") return "settled";
  const alive = state === "rolling" || state === "baking" || state === "rolling-back";
  return alive && !held ? "rolling" : "paused";
}

function wasTouched({ tasks }: Rollout, name: string): boolean {
  const task = tasks[name];
  return task !== undefined && isTouched(task);
}
