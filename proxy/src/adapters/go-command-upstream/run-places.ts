// So many runs at a time, the others wait in order; and now and then somebody has the place for themselves.
import { ProxyFailure } from "../../domain/proxy-failure.ts";

export interface RunLimits {
  readonly concurrent: number;
  /** How many may wait beyond these. */
  readonly waiting: number;
}

interface Waiter {
  readonly alone: boolean;
  readonly enter: () => void;
}

/** First come, first served. Who wants to be alone waits until nobody runs, and who comes later waits behind. */
export class RunPlaces {
  readonly #limits: RunLimits;
  readonly #waiting = new Set<Waiter>();
  #taken = 0;
  #isHeldAlone = false;

  constructor(limits: RunLimits) {
    this.#limits = limits;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Does the work when there is a place. Rejects with `overloaded` if too many wait already, or the signal's reason. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const isFree = this.#waiting.size === 0 && this.#hasPlace(false);
    if (!isFree && this.#waiting.size >= this.#limits.waiting) {
      throw new ProxyFailure(
        "overloaded",
        `${this.#waiting.size} fetches with the go command are already waiting`,
      );
    }
    return this.#hold(false, signal, work);
  }

  /** Does the work while no other runs. */
  alone<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return this.#hold(true, signal, work);
  }

  async #hold<T>(alone: boolean, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#enter(alone, signal);
    try {
      return await work();
    } finally {
      this.#taken -= 1;
      this.#isHeldAlone = false;
      this.#letIn();
    }
  }

  async #enter(alone: boolean, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { alone, enter: resolve };
    this.#waiting.add(waiter);
    this.#letIn();
    if (!this.#waiting.has(waiter)) return;
    const leave = (): void => {
      if (!this.#waiting.delete(waiter)) return; // it has just been let in
      reject(signal.reason);
      this.#letIn();
    };
    signal.addEventListener("abort", leave, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  /** A place is taken for who is let in, so that nobody comes in between. */
  #letIn(): void {
    for (const waiter of this.#waiting) {
      if (!this.#hasPlace(waiter.alone)) return;
      this.#waiting.delete(waiter);
      this.#taken += 1;
      this.#isHeldAlone = waiter.alone;
      waiter.enter();
    }
  }

  #hasPlace(alone: boolean): boolean {
    if (this.#isHeldAlone) return false;
    return this.#taken < (alone ? 1 : this.#limits.concurrent);
  }
}
