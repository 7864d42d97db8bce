// Trying again, where another attempt may end better.
import { setTimeout } from "node:timers/promises";
import {
  type FailureSubject,
  ProxyFailure,
  type ProxyFailureCode,
} from "../../domain/proxy-failure.ts";

/** How often, and how long after one another. */
export interface Retries {
  /** Attempts in all, the first included. */
  readonly attempts: number;
  /** The longest pause after the first attempt; it doubles with each. The true one is chosen by chance below it. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
  /** After this time, counted from the start of the first attempt, none is begun: nobody waits minutes for an outage. */
  readonly withinMs: number;
}

/** What retrying knows of the world. */
export interface RetryClock {
  /** A clock that never goes back. */
  nowMs(): number;
  /** Rejects with the signal's reason when that is aborted. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
  /** At least 0, less than 1. */
  random(): number;
}

/** A failure that another attempt may not meet. */
export class PassingFailure extends ProxyFailure {
  /** How long the other side asks to be left alone. */
  readonly afterMs: number;

  constructor(
    code: ProxyFailureCode,
    message: string,
    options: {
      readonly subject: FailureSubject | undefined;
      readonly cause?: unknown;
      readonly afterMs?: number;
    },
  ) {
    super(code, message, options);
    this.afterMs = options.afterMs ?? 0;
  }
}

export const systemClock: RetryClock = {
  nowMs: () => performance.now(),
  pause: async (ms, signal) => {
    try {
      await setTimeout(ms, undefined, { signal });
    } catch (failure) {
      signal.throwIfAborted();
      throw failure;
    }
  },
  random: Math.random,
};

/**
 * Runs `attempt` until it succeeds, fails for good, or has failed too often. The last failure stands. The pauses grow
 * with full jitter, so that clients that failed together do not come back together.
 */
export async function retrying<T>(
  attempt: () => Promise<T>,
  { retries, clock }: { readonly retries: Retries; readonly clock: RetryClock },
  signal: AbortSignal,
): Promise<T> {
  const startedMs = clock.nowMs();
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (failure) {
      if (!(failure instanceof PassingFailure) || attempts >= retries.attempts) throw failure;
      const ceilingMs = Math.min(
        retries.longestPauseMs,
        retries.firstPauseMs * 2 ** (attempts - 1),
      );
      const pauseMs = failure.afterMs + clock.random() * ceilingMs;
      if (clock.nowMs() + pauseMs - startedMs > retries.withinMs) throw failure;
      await clock.pause(pauseMs, signal);
    }
  }
}
