// How long a storage on the network is waited for.
import { ProxyFailure } from "./proxy-failure.ts";
import { Silence } from "./silence.ts";

/** What repeats questions below takes minutes to give up. */
const storagePatienceMs = 10_000;

/** A storage was waited for in vain. */
class StorageSilence extends ProxyFailure {
  constructor() {
    super(
      "store_unavailable",
      `the storage has not answered for ${storagePatienceMs / 1000} seconds: ask again soon`,
    );
  }
}

/** The outcome of `work`; `store_unavailable` if it takes too long. `tooLate` then gets what comes all the same. */
export async function patiently<T>(work: Promise<T>, tooLate?: (late: T) => unknown): Promise<T> {
  const patience = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    patience.reject(new StorageSilence());
    work.then(tooLate).catch(() => undefined); // nobody waits for it any more
  }, storagePatienceMs);
  try {
    return await Promise.race([work, patience.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The patience with one storage: what one has waited for in vain, others are refused at once, until the storage answers
 * again.
 */
export class StoragePatience {
  readonly #silence: Silence;

  /** `check` asks the storage something small. */
  constructor(check: () => Promise<void>) {
    this.#silence = new Silence(check);
  }

  /** Asks, and waits as `patiently` does. */
  ask<T>(question: () => Promise<T>, tooLate?: (late: T) => unknown): Promise<T> {
    return this.watch(() => patiently(question(), tooLate));
  }

  /** The same for what has patience of its own. */
  async watch<T>(question: () => Promise<T>): Promise<T> {
    if (await this.#silence.lasts()) throw new StorageSilence();
    try {
      return await question();
    } catch (failure) {
      if (failure instanceof StorageSilence) this.#silence.begin();
      throw failure;
    }
  }
}
