// Time, as far as the control plane needs it.

/** A clock that tests can turn. */
export interface Clock {
  /** Milliseconds since 1970, of the wall. */
  now(): number;
  /** Calls `then` once after so many milliseconds, unless it is disposed of before. */
  after(ms: number, then: () => void): Disposable;
}

/** The clock of this machine. A waiting timer does not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, then) {
    const timer = setTimeout(then, Math.min(ms, 2 ** 31 - 1));
    timer.unref();
    return { [Symbol.dispose]: () => clearTimeout(timer) };
  },
};

/** The time as documents write it. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
