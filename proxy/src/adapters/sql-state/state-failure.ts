// Failures of a database, in the proxy's own words.
import { ProxyFailure } from "../../domain/proxy-failure.ts";

/** Runs `work`; its failure becomes `store_unavailable`, and says that `what` failed. */
export async function translating<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new ProxyFailure("store_unavailable", `${what} failed: ${reasonOf(cause)}`, { cause });
  }
}

/** What an engine says in one line. Several addresses that all refuse come as one error without words. */
export function reasonOf(cause: unknown): string {
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  return cause instanceof Error ? cause.message : String(cause);
}
