// Counts and times the fetches of versions, under the names that Athens has for them.
import type { Metrics } from "@stoa/telemetry";

/** Athens' own bounds, so that its dashboards stay as they are. */
const buckets = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30];

/** A function that watches a fetch and hands on what becomes of it. */
export function fetchMeter(metrics: Metrics): <T>(fetch: Promise<T>) => Promise<T> {
  const fetches = metrics.counter(
    "proxy_upstream_fetch_total",
    "Versions fetched and kept, or not: Athens' name.",
    ["fetch_result"],
  );
  const durations = metrics.histogram(
    "proxy_upstream_fetch_duration_seconds",
    "How long fetching and keeping a version took: Athens' name.",
    buckets,
    ["fetch_result"],
  );
  return async (fetch) => {
    const started = performance.now();
    let fetch_result = "failure";
    try {
      const result = await fetch;
      fetch_result = "success";
      return result;
    } finally {
      fetches.with({ fetch_result }).inc();
      durations.with({ fetch_result }).observe((performance.now() - started) / 1000);
    }
  };
}
