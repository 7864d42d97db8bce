// What goes wrong with a service, and when a deployment that failed is tried again.
import { AgentFailure, sentenceOf } from "../domain/agent-failure.ts";
import { backoffMs } from "../domain/backoff.ts";
import type { Clock } from "../domain/clock.ts";
import { keyOf, type Wanted } from "../domain/wanted.ts";

/** Failures that may pass without anybody deploying anew. */
const passing: readonly AgentFailure["code"][] = [
  "source_unavailable",
  "keeper_unreachable",
  "disk_full",
  "disk_failed",
  "conflict",
  "forbidden",
];
/** Those of them for which somebody has to do something, and nobody should wait: there is no room, or no leave. */
const standing: readonly AgentFailure["code"][] = ["disk_full", "forbidden"];

const firstRetryMs = 1_000;
const longestRetryMs = 60_000;

/** Why a service is not where it should be. */
export interface Trouble {
  /** What was wanted then, by `keyOf`. Of anything else nothing is known. */
  readonly key: string;
  readonly sentence: string;
  /** Nobody should wait for it to pass by itself. */
  readonly isStanding: boolean;
}

/** Whether it may pass without anybody deploying anew. What nobody has foreseen may. */
export function mayPass(failure: unknown): boolean {
  return !(failure instanceof AgentFailure) || passing.includes(failure.code);
}

/** Whether somebody has to do something before it passes. */
export function isStanding(failure: unknown): failure is AgentFailure {
  return failure instanceof AgentFailure && standing.includes(failure.code);
}

/** The tries of one service. What failed and may pass is postponed, ever longer; between two tries its trouble goes on. */
export class Retries {
  readonly #clock: Clock;
  #trouble: Trouble | undefined;
  /** That of the last try, until the next. */
  #postponed: Trouble | undefined;
  #failures = 0;
  #retryAtMs = Number.NEGATIVE_INFINITY;
  #retriedFor = "";

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What went wrong last, whatever was wanted then. */
  get trouble(): Trouble | undefined {
    return this.#trouble;
  }

  /** A round has come to its end. */
  wentWell(wanted: Wanted | undefined): void {
    this.#trouble = this.#isPostponed(wanted) ? this.#postponed : undefined;
  }

  /** A round has failed. */
  wentWrong(wanted: Wanted | undefined, failure: unknown): Trouble {
    const key = keyOf(wanted);
    const trouble = { key, sentence: sentenceOf(failure), isStanding: isStanding(failure) };
    this.#trouble = trouble;
    if (this.#isPostponed(wanted)) this.#postponed = trouble;
    return trouble;
  }

  mayTry(wanted: Wanted): boolean {
    return !this.#isPostponed(wanted) || this.#clock.monotonicMs() >= this.#retryAtMs;
  }

  /** The deployment has failed in a way that may pass. Returns after how long it may be tried again. */
  postpone(wanted: Wanted): number {
    const waitMs = backoffMs(this.#failures, firstRetryMs, longestRetryMs);
    this.#failures += 1;
    this.#retryAtMs = this.#clock.monotonicMs() + waitMs;
    this.#retriedFor = keyOf(wanted);
    return waitMs;
  }

  /** The deployment has succeeded. */
  reset(): void {
    this.#failures = 0;
    this.#retriedFor = "";
  }

  /** Whether the last try was for this, and has failed in a way that may pass. */
  #isPostponed(wanted: Wanted | undefined): boolean {
    return wanted !== undefined && this.#retriedFor === keyOf(wanted);
  }
}
