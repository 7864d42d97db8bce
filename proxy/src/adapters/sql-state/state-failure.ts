// Failures of a database, in the proxy's own words.
import { reasonOf } from "../../domain/engine-reason.ts";
import { ProxyFailure } from "../../domain/proxy-failure.ts";

/** Runs `work`; its failure becomes `store_unavailable`, and says that `what` failed. */
export async function translating<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new ProxyFailure("store_unavailable", `${what} failed: ${reasonOf(cause)}`, { cause });
  }
}
