// At most so much work at a time; the rest waits in order.
import { ProxyFailure } from "../../domain/proxy-failure.ts";

export interface WorkLimits {
  readonly concurrent: number;
  /** How many may wait beyond these. */
  readonly waiting: number;
}

/** Places for one kind of work, first come, first served. */
export class WorkPlaces {
  readonly #limits: WorkLimits;
  readonly #waiting = new Set<() => void>();
  #taken = 0;

  constructor(limits: WorkLimits) {
    this.#limits = limits;
  }

  /** Does the work when there is a place for it. Rejects with `overloaded` if too many are waiting already. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    using _place = await this.take(signal);
    return await work();
  }

  /** A place, until it is disposed of. Doing so twice is harmless. Rejects as `run` does. */
  async take(signal: AbortSignal): Promise<Disposable> {
    await this.#enter(signal);
    let isTaken = true;
    return {
      [Symbol.dispose]: () => {
        if (isTaken) this.#leave();
        isTaken = false;
      },
    };
  }

  async #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#taken < this.#limits.concurrent) {
      this.#taken += 1;
      return;
    }
    if (this.#waiting.size >= this.#limits.waiting) {
      throw new ProxyFailure(
        "overloaded",
        `${this.#waiting.size} fetches from repositories are already waiting`,
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = (): void => {
      this.#waiting.delete(resolve); // at once, or a place that comes free now would be given to nobody
      reject(signal.reason);
    };
    this.#waiting.add(resolve);
    signal.addEventListener("abort", abort, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** A place is handed on, so that nobody comes in between. */
  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#taken -= 1;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
