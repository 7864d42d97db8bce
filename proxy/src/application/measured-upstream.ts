// Counts, times and traces what upstreams are asked for.
import type { Metrics } from "@stoa/telemetry";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import type { Upstream } from "../domain/upstream.ts";
import { requestContext } from "./request-context.ts";

const buckets = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/** The same upstream, observed: how many requests run, how long each took, and how it ended. */
export function measuredUpstream(upstream: Upstream, metrics: Metrics): Upstream {
  const durations = metrics.histogram(
    "stoa_upstream_request_seconds",
    "Time until an upstream answered: the whole answer, or for a zip its first bytes.",
    buckets,
    ["request", "result"],
  );
  let running = 0;
  metrics.collected(
    "stoa_upstream_requests_in_flight",
    "Requests to upstreams that are running or waiting for their turn.",
    "gauge",
    () => [{ labels: {}, value: running }],
  );
  const observe = async <T>(request: string, asked: Promise<T>): Promise<T> => {
    const started = performance.now();
    const span = requestContext.getStore()?.span?.begin(`upstream ${request}`);
    let result = "ok";
    running += 1;
    try {
      return await asked;
    } catch (failure) {
      result = failure instanceof ProxyFailure ? failure.code : "abandoned";
      throw failure;
    } finally {
      running -= 1;
      span?.end({ failure: result === "ok" ? undefined : result });
      durations.with({ request, result }).observe((performance.now() - started) / 1000);
    }
  };
  return {
    name: upstream.name,
    list: (path, signal) => observe("list", upstream.list(path, signal)),
    resolve: (path, query, signal) => observe("resolve", upstream.resolve(path, query, signal)),
    info: (module, signal) => observe("info", upstream.info(module, signal)),
    mod: (module, signal) => observe("mod", upstream.mod(module, signal)),
    zip: (module, signal) => observe("zip", upstream.zip(module, signal)),
  };
}
