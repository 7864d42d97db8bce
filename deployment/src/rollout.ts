// A rollout: the act of moving the machines of a group to a revision, with everything that is known of it.
import type { Held, Settings } from "./assignment.ts";
import type { MachineTask, Patience } from "./machine-task.ts";
import type { Strategy } from "./strategy.ts";
import type { TagQuery } from "./tag-query.ts";

/** How a rollout goes about it. */
export interface RolloutRules extends Patience {
  readonly strategy: Strategy;
  /**
   * - `first-failure`: one machine that fails ends it.
   * - `health-floor`: it ends when too few machines are well to go on, as in CodeDeploy.
   */
  readonly stopAt: "first-failure" | "health-floor";
  /** Whether machines that moved are brought back when it fails. */
  readonly rollBack: boolean;
  /** How long a wave must hold before the next one opens, and the last before it counts. */
  readonly bakeMs: number;
}

/** What holds where nobody says otherwise. */
export const defaultRules: RolloutRules = {
  strategy: { kind: "one-at-a-time" },
  stopAt: "first-failure",
  rollBack: true,
  bakeMs: 0,
  silenceMs: 60_000,
  deadlineMs: 600_000,
};

/**
 * - `rolling`: a wave is open, and its machines are under way.
 * - `baking`: they have arrived and must hold.
 * - `rolling-back`: machines that were touched go back.
 * - `succeeded`, `failed`, `rolled-back`, `cancelled`: it is over.
 */
export type RolloutState =
  | "rolling"
  | "baking"
  | "rolling-back"
  | "succeeded"
  | "failed"
  | "rolled-back"
  | "cancelled";

/** A rollout. */
export interface Rollout {
  readonly format: 1;
  readonly id: string;
  readonly environment: string;
  readonly service: string;
  readonly revision: string;
  /** What ran before, and what machines go back to; absent where nothing did. */
  readonly previous?: string;
  readonly selector: TagQuery;
  /** What the environment adds to `revision`. */
  readonly settings: Settings;
  /** What it added to `previous`. */
  readonly previousSettings?: Settings;
  readonly rules: RolloutRules;
  /** Who asked for it. */
  readonly owner: string;
  /** Why, in the owner's words. */
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly startedMs: number;
  readonly endedMs?: number;
  readonly state: RolloutState;
  /** While it is held no further wave opens and it does not end well. Failures still count. */
  readonly held: boolean;
  /** Waves that were opened, in order; on the way back those that go back. */
  readonly waves: readonly (readonly string[])[];
  /** Machines whose wave has not been opened, in the order in which they will be. */
  readonly waiting: readonly string[];
  /** Machines that run something else than `previous` until their wave opens, and what they run. */
  readonly kept: Readonly<Record<string, Held>>;
  /** By the name of the machine. */
  readonly tasks: Readonly<Record<string, MachineTask>>;
  /** The serial of the index that says what this rollout wants now; absent until that is published. */
  readonly publishedSerial?: number;
  readonly bakeUntilMs?: number;
  /** What set it on its way back. */
  readonly backBecause?: "failure" | "cancel";
  /** For people: how it stands, and what began to go wrong. */
  readonly sentence: string;
}

/** Whether nothing more will happen to it. */
export function isOver(rollout: Rollout): boolean {
  return ["succeeded", "failed", "rolled-back", "cancelled"].includes(rollout.state);
}
