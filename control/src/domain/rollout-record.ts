// A rollout as it is kept and shown: what was asked, where it stands, what happened on each machine.
import type { TagQuery } from "@stoa/deployment";

/**
 *     moving ──all well──▶ succeeded
 *       │ ▲
 *  pause│ │resume
 *       ▼ │
 *     paused
 *
 *     moving, paused ──a machine failed, or cancel──▶ rolling_back ──all back──▶ failed | cancelled
 */
export type RolloutState =
  | "moving"
  | "paused"
  | "rolling_back"
  | "succeeded"
  | "failed"
  | "cancelled";

/** Where a machine stands in a rollout. */
export type MachineOutcome = "untouched" | "moving" | "moved" | "failed" | "returned";

/** One machine in a rollout. */
export interface MachineProgress {
  readonly outcome: MachineOutcome;
  readonly sentence?: string;
  readonly lastLines?: readonly string[];
}

/** Something that happened. */
export interface RolloutEvent {
  /** 1, 2, 3, … */
  readonly number: number;
  readonly at: string;
  readonly machine?: string;
  readonly sentence: string;
}

/** A rollout. */
export interface RolloutRecord {
  readonly format: 1;
  /** Sorts by the time of its start. */
  readonly id: string;
  readonly environment: string;
  readonly service: string;
  readonly revision: string;
  /** The label of the revision. */
  readonly version: string;
  /** What ran before, where anything did. */
  readonly previous?: string;
  readonly kind: "deploy" | "rollback" | "settings";
  /** The name of the token that asked for it. */
  readonly owner: string;
  readonly reason: string;
  readonly strategy: string;
  readonly selector: TagQuery;
  readonly rollsBack: boolean;
  /** How long a machine may take, in milliseconds. */
  readonly patienceMs: number;
  readonly startedAt: string;
  readonly endedAt?: string;
  readonly state: RolloutState;
  /** Why it goes back or ended badly. */
  readonly cause?: string;
  /** That it goes back because somebody said so. */
  readonly cancelled?: true;
  readonly waves: readonly (readonly string[])[];
  readonly open: number;
  /** When the last wave was opened, or the way back begun. */
  readonly steppedAt: string;
  readonly machines: Readonly<Record<string, MachineProgress>>;
  readonly events: readonly RolloutEvent[];
}

/** Whether nothing happens with it any more. */
export function isEnded({ state }: RolloutRecord): boolean {
  return state === "succeeded" || state === "failed" || state === "cancelled";
}
