// Time, as far as the control plane needs it.

/** A clock that tests can turn. */
export interface Clock {
  /** Milliseconds since 1970, of the wall. */
  now(): number;
  /** Milliseconds since some moment, whatever is done to the clock on the wall. */
  monotonicMs(): number;
  /** Calls `then` once after so many milliseconds, unless it is disposed of before. */
  after(ms: number, then: () => void): Disposable;
}

/** The clock of this machine. A waiting timer does not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(ms, then) {
    const timer = setTimeout(then, Math.min(ms, 2 ** 31 - 1));
    timer.unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

/** A clock that goes wrong by less is only slow or fast. */
const leastStepMs = 5_000;

/**
 * The same clock. Once it was set, or its machine was asleep, `wasSet` is told by how much before anybody is given the new
 * time: what was remembered as a moment can be moved by as much, and nobody is found to have been silent meanwhile.
 */
export function watchedClock(clock: Clock, wasSet: (byMs: number) => void): Clock {
  let aheadMs = clock.now() - clock.monotonicMs();
  return {
    monotonicMs: () => clock.monotonicMs(),
    after: (ms, then) => clock.after(ms, then),
    now: () => {
      const before = aheadMs;
      aheadMs = clock.now() - clock.monotonicMs();
      const byMs = Math.round(aheadMs - before);
      if (Math.abs(byMs) >= leastStepMs) wasSet(byMs);
      return clock.now();
    },
  };
}

/** The time as documents write it. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
