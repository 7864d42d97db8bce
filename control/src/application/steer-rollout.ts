// Steers a rollout that runs: pause, resume, cancel. Each may be said again.
import { type Clock, isoTime } from "../domain/clock.ts";
import { ControlFailure } from "../domain/control-failure.ts";
import { isEnded, type RolloutRecord } from "../domain/rollout-record.ts";
import { turnBack, withEvents } from "../domain/rollout-step.ts";
import type { AuditLog } from "./record-audit.ts";
import type { Rollouts } from "./run-rollouts.ts";

interface SteeringParts {
  readonly rollouts: Rollouts;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

/** Who steers, and why. */
export interface Steering {
  readonly owner: string;
  readonly reason: string;
}

/** No further wave is opened. */
export function pauseRollout(
  parts: SteeringParts,
  id: string,
  said: Steering,
): Promise<RolloutRecord> {
  return steer(parts, id, "pause", said, (rollout, sentence, now) => {
    if (rollout.state === "paused") return rollout;
    if (rollout.state !== "moving") throw tooLate(rollout, "paused");
    return withEvents({ ...rollout, state: "paused" }, [{ sentence }], now);
  });
}

/** Goes on. Machines that were waited for get their time anew. */
export function resumeRollout(
  parts: SteeringParts,
  id: string,
  said: Steering,
): Promise<RolloutRecord> {
  return steer(parts, id, "resume", said, (rollout, sentence, now) => {
    if (rollout.state === "moving") return rollout;
    if (rollout.state !== "paused") throw tooLate(rollout, "resumed");
    return withEvents({ ...rollout, state: "moving", steppedAt: isoTime(now) }, [{ sentence }], now);
  });
}

/** Gives it up; what has moved goes back. */
export function cancelRollout(
  parts: SteeringParts,
  id: string,
  said: Steering,
): Promise<RolloutRecord> {
  return steer(parts, id, "cancel", said, (rollout, sentence, now) => {
    if (rollout.state === "rolling_back" || rollout.state === "cancelled") return rollout;
    if (isEnded(rollout)) throw tooLate(rollout, "cancelled");
    return { ...turnBack(rollout, sentence, now), cancelled: true };
  });
}

async function steer(
  { rollouts, audit, clock }: SteeringParts,
  id: string,
  word: "pause" | "resume" | "cancel",
  { owner, reason }: Steering,
  change: (rollout: RolloutRecord, sentence: string, now: number) => RolloutRecord,
): Promise<RolloutRecord> {
  const { environment, service } = rollouts.get(id);
  await audit.record(owner, `rollout.${word}`, `${environment}/${service}`, { rollout: id, reason });
  const past = { pause: "paused", resume: "resumed", cancel: "cancelled" } as const;
  const sentence = `${past[word]} by ${owner}${reason === "" ? "" : `: ${reason}`}`;
  return await rollouts.change(id, (rollout) => change(rollout, sentence, clock.now()));
}

function tooLate({ id, state }: RolloutRecord, past: string): ControlFailure {
  return new ControlFailure("conflict", `rollout ${id} is ${state} and can no longer be ${past}`);
}
