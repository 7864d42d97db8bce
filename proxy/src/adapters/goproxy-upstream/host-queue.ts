// At most so many requests to a host at a time; the others wait in order.
import { type FailureSubject, ProxyFailure } from "../../domain/proxy-failure.ts";

/** How much of a host may be used. */
export interface HostLimits {
  /** Requests at a time. */
  readonly concurrent: number;
  /** Requests that may wait beyond these. */
  readonly waiting: number;
}

/** The right to send a request; giving it back twice is harmless. */
export type Place = Disposable;

interface Host {
  active: number;
  /** Those who wait, in the order of their coming; a set, for those who leave do so from the middle. */
  readonly waiting: Set<(place: Place) => void>;
}

/** The queues before all hosts, each of them first come, first served. */
export class HostQueues {
  readonly #limits: HostLimits;
  readonly #hosts = new Map<string, Host>();

  constructor(limits: HostLimits) {
    this.#limits = limits;
  }

  /** How many requests wait, before all hosts together. */
  get waiting(): number {
    return this.#hosts.values().reduce((sum, { waiting }) => sum + waiting.size, 0);
  }

  /**
   * Waits for a place. Rejects at once: with `overloaded` if the queue is full, with the signal's reason when that is
   * aborted.
   */
  async enter(
    host: string,
    subject: FailureSubject | undefined,
    signal: AbortSignal,
  ): Promise<Place> {
    signal.throwIfAborted();
    const at = this.#hosts.get(host) ?? { active: 0, waiting: new Set() };
    this.#hosts.set(host, at);
    if (at.active < this.#limits.concurrent) return this.#place(host, at);
    if (at.waiting.size >= this.#limits.waiting) {
      throw new ProxyFailure(
        "overloaded",
        `${at.waiting.size} requests are already waiting for ${host}`,
        { subject },
      );
    }
    return waitForPlace(at, signal);
  }

  #place(host: string, at: Host): Place {
    at.active += 1;
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        this.#leave(host, at);
      },
    };
  }

  #leave(host: string, at: Host): void {
    at.active -= 1;
    const [next] = at.waiting;
    if (next !== undefined) {
      at.waiting.delete(next);
      next(this.#place(host, at));
    } else if (at.active === 0) {
      this.#hosts.delete(host);
    }
  }
}

async function waitForPlace({ waiting }: Host, signal: AbortSignal): Promise<Place> {
  const { promise, resolve, reject } = Promise.withResolvers<Place>();
  const leave = (): void => {
    waiting.delete(resolve); // at once, or a place that comes free now would be given to nobody
    reject(signal.reason);
  };
  waiting.add(resolve);
  signal.addEventListener("abort", leave, { once: true });
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
