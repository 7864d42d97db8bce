// Runs that several callers wait for.

interface Run<T> {
  readonly result: Promise<T>;
  readonly abandon: AbortController;
  callers: number;
}

/** Shares what runs: who asks for a key meanwhile gets the same result. When the last caller has left it is broken off. */
export class JoinedRuns<T> {
  readonly #running = new Map<string, Run<T>>();

  /** Rejects with the signal's reason as soon as that is aborted. */
  async join(
    key: string,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    const run = this.#running.get(key) ?? this.#start(key, work);
    run.callers += 1;
    const left = Promise.withResolvers<never>();
    const leave = (): void => left.reject(signal.reason);
    signal.addEventListener("abort", leave, { once: true });
    try {
      return await Promise.race([run.result, left.promise]);
    } finally {
      signal.removeEventListener("abort", leave);
      run.callers -= 1;
      if (run.callers === 0) {
        this.#forget(key, run);
        run.abandon.abort(signal.reason);
      }
    }
  }

  #start(key: string, work: (signal: AbortSignal) => Promise<T>): Run<T> {
    const abandon = new AbortController();
    const result = work(abandon.signal);
    const run = { result, abandon, callers: 0 };
    this.#running.set(key, run);
    const forget = (): void => this.#forget(key, run);
    result.then(forget, forget);
    return run;
  }

  #forget(key: string, run: Run<T>): void {
    if (this.#running.get(key) === run) this.#running.delete(key);
  }
}
