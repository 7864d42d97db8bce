// Steers a rollout that runs: pause, resume, cancel. Each may be said again.
import { isOver, type RolloutEvent } from "@stoa/deployment";
import type { Clock } from "../domain/clock.ts";
import { ControlFailure } from "../domain/control-failure.ts";
import type { RolloutRecord } from "../domain/rollout-record.ts";
import type { Rollouts } from "./keep-rollouts.ts";
import type { AuditLog } from "./record-audit.ts";
import type { RolloutRunner } from "./run-rollouts.ts";

interface SteeringParts {
  readonly rollouts: Rollouts;
  readonly runner: RolloutRunner;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

/** What is said to a rollout. `abandon` ends it with every machine as it is; `cancel` brings back those that were touched. */
export type SteeringWord = "pause" | "resume" | "cancel" | "abandon";

/** Says it. Fails with `conflict` if the rollout is over. */
export async function steerRollout(
  { rollouts, runner, audit, clock }: SteeringParts,
  id: string,
  word: SteeringWord,
  { owner, reason }: { readonly owner: string; readonly reason: string },
): Promise<RolloutRecord> {
  const record = rollouts.get(id);
  checkAlive(record, word);
  const { environment, service } = record.rollout;
  await audit.record(owner, `rollout.${word}`, `${environment}/${service}`, {
    rollout: id,
    reason,
  });
  const by = reason === "" ? owner : `${owner} (${reason})`;
  return await runner.happen(id, eventOf(word, by, clock.now()), (now) => checkAlive(now, word));
}

function eventOf(word: SteeringWord, by: string, atMs: number): RolloutEvent {
  switch (word) {
    case "pause":
    case "resume":
      return { kind: word, by, atMs };
    case "cancel":
      return { kind: "cancel", by, rollBack: true, atMs };
    case "abandon":
      return { kind: "cancel", by, rollBack: false, atMs };
  }
}

function checkAlive({ rollout }: RolloutRecord, word: SteeringWord): void {
  if (!isOver(rollout)) return;
  const { id, state } = rollout;
  throw new ControlFailure(
    "conflict",
    `${word} comes too late: rollout ${id} is ${state}; stoa rollback goes back to what ran before`,
  );
}
