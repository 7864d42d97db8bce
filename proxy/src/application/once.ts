// One piece of work per key, however many ask for it.

/** Work that several callers may be waiting for. `signal` is aborted when the last of them has left. */
export type SharedWork<T> = (signal: AbortSignal, keepGoing: () => void) => Promise<T>;

interface Flight<T> {
  readonly result: Promise<T>;
  readonly abandoned: AbortController;
  waiting: number;
  keepsGoing: boolean;
}

/**
 * Shares running work: who asks for a key while its work runs gets the same result. Nothing is remembered afterwards.
 * A caller that leaves (its signal is aborted) is rejected with its signal's reason at once and does not disturb the
 * others. When the last one leaves, the work is told to stop, unless it has called `keepGoing`.
 */
export class Once<T> {
  readonly #flights = new Map<string, Flight<T>>();

  /** How many keys are being worked on. */
  get running(): number {
    return this.#flights.size;
  }

  /** Joins the work of `key`, starting it if nobody has. `started` is true for the caller who did. */
  run(key: string, signal: AbortSignal, work: SharedWork<T>): Promise<T> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const flight = this.#flights.get(key) ?? this.#start(key, work);
    return this.#wait(flight, signal);
  }

  #start(key: string, work: SharedWork<T>): Flight<T> {
    const abandoned = new AbortController();
    const flight: Flight<T> = {
      abandoned,
      waiting: 0,
      keepsGoing: false,
      result: Promise.resolve()
        .then(() =>
          work(abandoned.signal, () => {
            flight.keepsGoing = true;
          }),
        )
        .finally(() => {
          if (this.#flights.get(key) === flight) this.#flights.delete(key);
        }),
    };
    // Every waiter has its own handler; this one only keeps an abandoned failure from ending the process.
    flight.result.catch(() => undefined);
    this.#flights.set(key, flight);
    return flight;
  }

  async #wait(flight: Flight<T>, signal: AbortSignal): Promise<T> {
    flight.waiting += 1;
    const left = Promise.withResolvers<never>();
    const leave = (): void => left.reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([flight.result, left.promise]);
    } finally {
      signal.removeEventListener("abort", leave);
      flight.waiting -= 1;
      if (flight.waiting === 0 && !flight.keepsGoing && signal.aborted)
        this.#abandon(flight, signal);
    }
  }

  /** Stops work that nobody waits for; who asks from now on starts anew. */
  #abandon(flight: Flight<T>, signal: AbortSignal): void {
    for (const [key, other] of this.#flights) if (other === flight) this.#flights.delete(key);
    flight.abandoned.abort(signal.reason);
  }
}
