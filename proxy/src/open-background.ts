// The queue of fetches that nobody waits for, put together with what works it off.
import type { ModuleVersion } from "@stoa/gomod";
import type { Log, Metrics } from "@stoa/telemetry";
import type { ProxyState } from "./adapters/sql-state/open-state.ts";
import type { AppliedPolicy } from "./application/apply-policy.ts";
import { BackgroundStash } from "./application/background-stash.ts";
import { measuredQueue } from "./application/measured-queue.ts";

/** Nothing is fetched before a policy is in force. */
export function openBackground(parts: {
  readonly state: Pick<ProxyState, "jobs" | "answers">;
  /** Marks who is asked: see `BackgroundParts.upstreams`. */
  readonly upstreams: string;
  readonly policy: Pick<AppliedPolicy, "mayFetch">;
  readonly stash: { keep(module: ModuleVersion, signal: AbortSignal): Promise<void> };
  readonly workers: number;
  readonly log: Log;
  readonly metrics: Metrics;
}): BackgroundStash {
  const { state, upstreams, policy, stash, workers, log, metrics } = parts;
  const background = new BackgroundStash({
    queue: state.jobs,
    upstreams: state.answers === undefined ? undefined : upstreams,
    mayFetch: (module, signal) => policy.mayFetch(module, signal),
    keep: (module, signal) => stash.keep(module, signal),
    ...{ log, workers },
    now: () => new Date(),
  });
  measuredQueue(state.jobs, background, metrics);
  return background;
}
