// What somebody should look at: said in the log, counted, and told to other programs.
import type { Log, Metrics } from "@stoa/telemetry";
import type { FailureSubject } from "../domain/proxy-failure.ts";
import type { NoticeKind } from "./deliver-notices.ts";

/**
 * - `altered`: bytes came that differ from those that were kept, or are, under the same version.
 * - `mismatch`: bytes came that are not those that the checksum database has on record.
 * - `moved`: upstream, the tag of a kept version names another commit.
 * - `vanished`: upstream, a kept version or module does not exist any more.
 */
export type AlarmKind = "altered" | "mismatch" | "moved" | "vanished";

/** Raises an alarm; nobody's request fails by it. */
export type RaiseAlarm = (kind: AlarmKind, subject: FailureSubject, sentence: string) => void;

export function alarms({
  log,
  metrics,
  tell,
}: {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly tell: (kind: NoticeKind, subject: FailureSubject, reason: string) => void;
}): RaiseAlarm {
  const raised = metrics.counter(
    "stoa_alarms_total",
    "Alarms: bytes altered, checksum mismatches, tags moved, versions vanished upstream.",
    ["alarm"],
  );
  for (const alarm of ["altered", "mismatch", "moved", "vanished"]) raised.with({ alarm }).inc(0);
  return (kind, { path, version }, sentence) => {
    raised.with({ alarm: kind }).inc();
    log.error(sentence, { alarm: kind, module: path, version });
    tell(`module.${kind}`, version === undefined ? { path } : { path, version }, sentence);
  };
}
