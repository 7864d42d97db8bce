// How long a storage on the network is waited for.
import { ProxyFailure } from "./proxy-failure.ts";

/** What repeats questions below takes minutes to give up. */
const storagePatienceMs = 10_000;

/** The outcome of `work`; `store_unavailable` if it takes too long. `tooLate` then gets what comes all the same. */
export async function patiently<T>(work: Promise<T>, tooLate?: (late: T) => unknown): Promise<T> {
  const patience = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    patience.reject(
      new ProxyFailure(
        "store_unavailable",
        `the storage has not answered for ${storagePatienceMs / 1000} seconds: ask again soon`,
      ),
    );
    work.then(tooLate).catch(() => undefined); // nobody waits for it any more
  }, storagePatienceMs);
  try {
    return await Promise.race([work, patience.promise]);
  } finally {
    clearTimeout(timer);
  }
}
