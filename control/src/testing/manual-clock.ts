// A clock that stands still until it is turned.
import type { Clock } from "../domain/clock.ts";

/** A clock that stands still until it is turned. */
export interface ManualClock extends Clock {
  /** Moves it on, and calls whoever waits for a time that has come. */
  readonly turn: (ms: number) => void;
}

/** A clock that begins at this time. */
export function manualClock(start: number): ManualClock {
  let now = start;
  const waiting = new Set<{ readonly at: number; readonly then: () => void }>();
  return {
    now: () => now,
    after(ms, then) {
      const timer = { at: now + ms, then };
      waiting.add(timer);
      return { [Symbol.dispose]: () => void waiting.delete(timer) };
    },
    turn(ms) {
      now += ms;
      for (const timer of [...waiting].filter(({ at }) => at <= now)) {
        waiting.delete(timer);
        timer.then();
      }
    },
  };
}
