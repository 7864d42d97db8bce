// Numbers about answered requests: plain fields that a request increments, read when somebody asks for the metrics.
import type { Metrics } from "@stoa/telemetry";
import type { CacheResult } from "./answer.ts";

/** One series: what was asked for, what became of it, and from where it was answered. */
export interface RequestSeries {
  readonly endpoint: string;
  readonly status: number;
  readonly cache: CacheResult;
  requests: number;
  bytes: number;
}

const cacheResults: readonly CacheResult[] = ["none", "hit", "miss", "stale"];

/** Counts requests and bytes by endpoint, status and cache result. */
export class RequestCounters {
  readonly #endpoints = new Map<string, Map<number, RequestSeries>>();
  /** Requests that have come and are not answered to the end. Requests answered from memory never show here. */
  inFlight = 0;

  constructor(metrics: Metrics) {
    metrics.collected(
      "stoa_requests_total",
      "Requests answered, by endpoint, HTTP status and cache result.",
      "counter",
      () => this.#values((series) => series.requests),
    );
    metrics.collected(
      "stoa_response_bytes_total",
      "Body bytes sent, by endpoint, HTTP status and cache result.",
      "counter",
      () => this.#values((series) => series.bytes),
    );
    metrics.collected(
      "proxy_cache_lookup_total",
      "Files of versions by whether they were kept: Athens' name for a part of stoa_requests_total.",
      "counter",
      () => this.#lookups(),
    );
    metrics.collected(
      "stoa_requests_in_flight",
      "Requests being worked on, without those answered from memory.",
      "gauge",
      () => [{ labels: {}, value: this.inFlight }],
    );
  }

  /** One more request was answered. */
  count(endpoint: string, status: number, cache: CacheResult, bytes: number): void {
    const series = this.series(endpoint, status, cache);
    series.requests += 1;
    series.bytes += bytes;
  }

  /** The numbers to increment; on a hot path, keep them. */
  series(endpoint: string, status: number, cache: CacheResult): RequestSeries {
    const known = this.#endpoints.get(endpoint) ?? this.#add(endpoint);
    const key = status * cacheResults.length + cacheResults.indexOf(cache);
    let series = known.get(key);
    if (series === undefined) {
      series = { endpoint, status, cache, requests: 0, bytes: 0 };
      known.set(key, series);
    }
    return series;
  }

  #add(endpoint: string): Map<number, RequestSeries> {
    const series = new Map<number, RequestSeries>();
    this.#endpoints.set(endpoint, series);
    return series;
  }

  /** In Athens' words: what had to be fetched is a miss, whatever came of it. */
  #lookups(): { labels: Record<string, string>; value: number }[] {
    return athensCacheTypes.flatMap(([endpoint, cache_type]) => {
      const known = [...(this.#endpoints.get(endpoint)?.values() ?? [])];
      return (["hit", "miss"] as const).map((cache_result) => ({
        labels: { cache_result, cache_type },
        value: known
          .filter((series) => lookupOf(series) === cache_result)
          .reduce((sum, { requests }) => sum + requests, 0),
      }));
    });
  }

  #values(
    pick: (series: RequestSeries) => number,
  ): { labels: Record<string, string>; value: number }[] {
    return [...this.#endpoints.values()].flatMap((known) =>
      [...known.values()].map((series) => ({
        labels: { endpoint: series.endpoint, status: `${series.status}`, cache: series.cache },
        value: pick(series),
      })),
    );
  }
}

const athensCacheTypes = [
  ["info", "info"],
  ["mod", "gomod"],
  ["zip", "zip"],
] as const;

function lookupOf({ cache, status }: RequestSeries): "hit" | "miss" | undefined {
  if (cache === "hit" || cache === "stale") return "hit";
  if (cache === "miss" || status === 404 || status >= 500) return "miss";
  return undefined;
}
