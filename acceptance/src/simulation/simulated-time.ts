// Time that passes only when nobody has anything left to do, and then at once.

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly fire: () => void;
}

/** One time for a whole simulated world. What is due at the same moment happens in the order in which it was asked for. */
export class SimulatedTime {
  nowMs: number;
  readonly #timers: Timer[] = [];
  #order = 0;

  constructor(startMs: number) {
    this.nowMs = startMs;
  }

  /** Calls back once, later. */
  after(ms: number, fire: () => void): Disposable {
    const timer = { atMs: this.nowMs + Math.max(0, ms), order: this.#order++, fire };
    let place = this.#timers.length;
    while (place > 0 && isBefore(timer, this.#timers[place - 1])) place--;
    this.#timers.splice(place, 0, timer);
    return {
      [Symbol.dispose]: () => {
        const found = this.#timers.indexOf(timer);
        if (found !== -1) this.#timers.splice(found, 1);
      },
    };
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = this.after(ms, done);
      function done(): void {
        timer[Symbol.dispose]();
        signal?.removeEventListener("abort", done);
        resolve();
      }
      signal?.addEventListener("abort", done, { once: true });
    });
  }

  /** Lets time pass until `untilMs` or until `isDone`, which is asked between any two moments. */
  async pass(untilMs: number, isDone: () => boolean): Promise<void> {
    while (true) {
      await everybodyRests();
      if (isDone()) return;
      const next = this.#timers[0];
      if (next === undefined || next.atMs > untilMs) {
        this.nowMs = untilMs;
        return;
      }
      this.#timers.shift();
      this.nowMs = next.atMs;
      next.fire();
    }
  }
}

function isBefore(timer: Timer, other: Timer | undefined): boolean {
  return other !== undefined && timer.atMs < other.atMs;
}

/** Resolves when every promise that could be settled without time passing is. */
function everybodyRests(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
