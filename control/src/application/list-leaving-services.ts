// Services that were removed, and that machines have yet to stop.
import { isoTime } from "../domain/clock.ts";
import type { RolloutRecord } from "../domain/rollout-record.ts";
import type { ServiceSummary } from "../domain/service-summary.ts";
import type { Rollouts } from "./keep-rollouts.ts";
import type { KnownMachine, Machines } from "./know-machines.ts";

interface LeavingParts {
  readonly rollouts: Rollouts;
  readonly machines: Machines;
}

/** Those that some machine does not say to be gone yet. */
export function leavingServices({ rollouts, machines }: LeavingParts): readonly ServiceSummary[] {
  const groups = Map.groupBy(
    rollouts.list(),
    ({ rollout: { environment, service } }) => `${environment}/${service}`,
  );
  return [...groups.values()].flatMap(([last]) => {
    if (last?.removed === undefined) return [];
    const { environment, service } = last.rollout;
    const holders = holdersOf(machines, environment, service);
    return holders.length === 0 ? [] : [summaryOf(last, last.removed.atMs, holders)];
  });
}

/** The machines that have a service, by what they say of it. */
export function holdersOf(
  machines: Machines,
  environment: string,
  service: string,
): readonly KnownMachine[] {
  return machines.list(environment).filter(({ status }) => {
    const state = status?.services[service]?.state;
    return state !== undefined && state !== "stopped";
  });
}

function summaryOf(
  { rollout, version }: RolloutRecord,
  removedMs: number,
  holders: readonly KnownMachine[],
): ServiceSummary {
  const { id, environment, service, revision } = rollout;
  return {
    service,
    environment,
    revision,
    version,
    rollout: id,
    running: holders.filter(({ status }) => status?.services[service]?.running !== undefined)
      .length,
    machines: 0,
    state: holders.some(({ reachable }) => reachable) ? "removing" : "unreachable",
    since: isoTime(removedMs),
  };
}
