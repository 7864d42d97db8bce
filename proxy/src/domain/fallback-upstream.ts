// Several upstreams in a row: the list that GOPROXY holds.
import { ProxyFailure } from "./proxy-failure.ts";
import type { Upstream } from "./upstream.ts";

/** One upstream of the row. */
export interface FallbackEntry {
  readonly upstream: Upstream;
  /** What separates it from the next: `next-if-absent` is a comma, `next-on-any` is a vertical bar. */
  readonly onFailure: "next-if-absent" | "next-on-any";
  /** True for `off`: its failure says that nobody else is asked, and nothing about the module. */
  readonly isOff?: boolean;
}

/**
 * Asks one after the other until one answers. After `not_found` the next is asked, after any other failure only where
 * the entry says so (cmd/go modfetch.TryProxies).
 *
 * If all fail, the most telling failure stands. As in the go command a failure counts more than an absence, and among
 * equals the last counts: an outage on the way is never hidden behind a `not_found`, for the upstream that is down
 * might have had the module. `off`, and an upstream that answers `unsupported`, have not looked: what the others said
 * stands, and the sentence names what could not be asked.
 */
export function fallbackUpstream(entries: readonly FallbackEntry[]): Upstream {
  const ask = <T>(call: (upstream: Upstream) => Promise<T>): Promise<T> =>
    firstAnswer(entries, call);
  return {
    name: entries.map((entry) => entry.upstream.name).join(","),
    list: (path, signal) => ask((upstream) => upstream.list(path, signal)),
    resolve: (path, query, signal) => ask((upstream) => upstream.resolve(path, query, signal)),
    info: (module, signal) => ask((upstream) => upstream.info(module, signal)),
    mod: (module, signal) => ask((upstream) => upstream.mod(module, signal)),
    zip: (module, signal) => ask((upstream) => upstream.zip(module, signal)),
  };
}

interface Setback {
  readonly failure: ProxyFailure;
  readonly weight: number;
}

async function firstAnswer<T>(
  entries: readonly FallbackEntry[],
  call: (upstream: Upstream) => Promise<T>,
): Promise<T> {
  const setbacks: Setback[] = [];
  for (const entry of entries) {
    try {
      return await call(entry.upstream);
    } catch (failure) {
      if (!(failure instanceof ProxyFailure)) throw failure;
      setbacks.push({ failure, weight: weightOf(failure, entry) });
      if (failure.code !== "not_found" && entry.onFailure !== "next-on-any") break;
    }
  }
  throw mostTelling(setbacks);
}

function weightOf(failure: ProxyFailure, entry: FallbackEntry): number {
  if (entry.isOff || failure.code === "unsupported") return 0;
  return failure.code === "not_found" ? 1 : 2;
}

function mostTelling(setbacks: readonly Setback[]): ProxyFailure {
  const best = setbacks.reduce((a, b) => (b.weight >= a.weight ? b : a));
  const unasked = setbacks.findLast(({ failure }) => failure.code === "unsupported");
  if (unasked === undefined || best.weight === 0) return best.failure;
  const { code, message, subject } = best.failure;
  return new ProxyFailure(code, `${message}; ${unasked.failure.message}`, {
    subject,
    cause: best.failure,
  });
}
