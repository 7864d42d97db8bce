// The look-out for other instances on the same storage, put together with what is told of them.
import type { Log, Metrics } from "@stoa/telemetry";
import { InstanceWatch } from "./application/watch-instances.ts";
import type { InstanceMarks } from "./domain/instance-marks.ts";

/** `undefined` where nobody is looked out for. */
export function openInstanceWatch(parts: {
  /** Absent where instances do not share a storage, or are not to be noticed. */
  readonly marks: InstanceMarks | undefined;
  readonly isAlone: boolean;
  readonly leaseLifetimeMs: number;
  readonly log: Log;
  readonly metrics: Metrics;
}): InstanceWatch | undefined {
  const { marks, isAlone, leaseLifetimeMs, log, metrics } = parts;
  const watch =
    marks && new InstanceWatch({ ...{ marks, isAlone, log }, everyMs: 2 * leaseLifetimeMs });
  metrics.collected(
    "stoa_storage_instances",
    "Running instances on this storage, as far as this one has noticed them.",
    "gauge",
    () => 1 + (watch?.others ?? 0),
  );
  return watch;
}
