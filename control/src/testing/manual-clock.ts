// A clock that stands still until it is turned.
import type { Clock } from "../domain/clock.ts";

/** A clock that stands still until it is turned. */
export interface ManualClock extends Clock {
  /** Moves it on, and calls whoever waits for a time that has come. */
  readonly turn: (ms: number) => void;
  /** Sets the time of day, ahead or back, without any time passing. */
  readonly set: (byMs: number) => void;
}

/** A clock that begins at this time. */
export function manualClock(start: number): ManualClock {
  let passed = 0;
  let ahead = start;
  const waiting = new Set<{ readonly at: number; readonly then: () => void }>();
  return {
    now: () => ahead + passed,
    monotonicMs: () => passed,
    after(ms, then) {
      const timer = { at: passed + ms, then };
      waiting.add(timer);
      return { [Symbol.dispose]: () => void waiting.delete(timer) };
    },
    turn(ms) {
      passed += ms;
      for (const timer of [...waiting].filter(({ at }) => at <= passed)) {
        waiting.delete(timer);
        timer.then();
      }
    },
    set(byMs) {
      ahead += byMs;
    },
  };
}
