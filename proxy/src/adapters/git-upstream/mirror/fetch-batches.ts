// Gathers what is to be fetched, so that many small wishes become few fetches.

interface Batch {
  readonly hashes: Set<string>;
  readonly fetched: PromiseWithResolvers<void>;
}

/** So many fetches of one repository run at a time; what is wanted meanwhile comes with the next one. */
const mostConcurrent = 3;

/** Fetches of one repository. */
export class FetchBatches {
  readonly #fetch: (hashes: readonly string[]) => Promise<void>;
  #waiting: Batch | undefined;
  #running = 0;

  constructor(fetch: (hashes: readonly string[]) => Promise<void>) {
    this.#fetch = fetch;
  }

  /** Whether nothing is fetched or waits to be. */
  get isIdle(): boolean {
    return this.#running === 0 && this.#waiting === undefined;
  }

  /** Resolves when all of them have been fetched; rejects with what the fetch rejects with. */
  add(hashes: Iterable<string>): Promise<void> {
    if (this.#waiting === undefined) {
      this.#waiting = { hashes: new Set(), fetched: Promise.withResolvers() };
      // Whoever asks for several things does so at once.
      setImmediate(() => this.#startNext());
    }
    const batch = this.#waiting;
    for (const hash of hashes) batch.hashes.add(hash);
    return batch.fetched.promise;
  }

  #startNext(): void {
    const batch = this.#waiting;
    if (batch === undefined || this.#running >= mostConcurrent) return;
    this.#waiting = undefined;
    this.#running += 1;
    const fetching = this.#fetch([...batch.hashes]).finally(() => {
      this.#running -= 1;
      this.#startNext();
    });
    fetching.then(batch.fetched.resolve, batch.fetched.reject);
    batch.fetched.promise.catch(() => undefined); // everybody may have left
  }
}
