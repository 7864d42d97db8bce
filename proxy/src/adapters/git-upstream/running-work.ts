// Work that several callers wait for.

/**
 * Shares running work: who asks for a key while its work runs gets the same result. Work that has begun goes on when
 * those who asked have left, for what it brings is kept; it has deadlines of its own. Nothing is remembered afterwards.
 */
export class RunningWork<T> {
  readonly #running = new Map<string, Promise<T>>();

  /** Whether none runs. */
  get isIdle(): boolean {
    return this.#running.size === 0;
  }

  /** Joins the work of `key`, starting it if nobody has. Rejects with the signal's reason as soon as that is aborted. */
  join(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const running = this.#running.get(key) ?? this.#start(key, work);
    return unlessAborted(running, signal);
  }

  #start(key: string, work: () => Promise<T>): Promise<T> {
    const started = work().finally(() => this.#running.delete(key));
    started.catch(() => undefined); // everybody may have left
    this.#running.set(key, started);
    return started;
  }
}

/** Waits for a result, but not longer than until the signal is aborted. */
export async function unlessAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([result, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
