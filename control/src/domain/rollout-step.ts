// One step of a rollout: from where it stands and what the machines say to where it stands then. Pure.
import type { Assignment, ServiceStatus, Settings } from "@stoa/deployment";
import { isoTime } from "./clock.ts";
import type { MachineProgress, RolloutEvent, RolloutRecord } from "./rollout-record.ts";

/** What is known of a machine's service. */
export interface Sighting {
  readonly machine: string;
  /** Absent: it runs nothing of this service and says nothing about it. */
  readonly status: ServiceStatus | undefined;
  /** Whether what it says was said with the present assignment before its eyes. */
  readonly isCurrent: boolean;
  readonly reachable: boolean;
}

/** What the index has to say of the service while the rollout stands so; undefined: nothing at all. */
export function assignmentOf(
  rollout: RolloutRecord,
  settings: Settings,
): Omit<Assignment, "serial"> | undefined {
  const { service, id, previous, selector, waves, open, state } = rollout;
  const base = { service, rollout: id, selector, settings };
  if (state === "rolling_back" || state === "failed" || state === "cancelled") {
    if (previous === undefined) return undefined;
    return { ...base, revision: previous, waves: [], open: 0, state: "settled" };
  }
  const word = { moving: "rolling", paused: "paused", succeeded: "settled" } as const;
  return {
    ...base,
    revision: rollout.revision,
    ...(previous === undefined ? {} : { previous }),
    waves,
    open,
    state: word[state],
  };
}

/** The rollout after looking at the machines; the same object if nothing has changed. */
export function stepRollout(
  rollout: RolloutRecord,
  sightings: readonly Sighting[],
  now: number,
): RolloutRecord {
  if (rollout.state === "moving" || rollout.state === "paused") {
    return advanced(observed(rollout, sightings, now), now);
  }
  return rollout.state === "rolling_back" ? returned(rollout, sightings, now) : rollout;
}

/** Begins the way back, for a reason. */
export function turnBack(rollout: RolloutRecord, cause: string, now: number): RolloutRecord {
  return withEvents(
    { ...rollout, state: "rolling_back", cause, steppedAt: isoTime(now) },
    [{ sentence: `${cause}; going back` }],
    now,
  );
}

/** The rollout with more events. */
export function withEvents(
  rollout: RolloutRecord,
  events: readonly Pick<RolloutEvent, "machine" | "sentence">[],
  now: number,
): RolloutRecord {
  const first = rollout.events.length + 1;
  const numbered = events.map((event, at) => ({ number: first + at, at: isoTime(now), ...event }));
  return { ...rollout, events: [...rollout.events, ...numbered] };
}

function observed(
  rollout: RolloutRecord,
  sightings: readonly Sighting[],
  now: number,
): RolloutRecord {
  const open = new Set(rollout.waves.slice(0, rollout.open).flat());
  const isLate = now - Date.parse(rollout.steppedAt) > rollout.patienceMs;
  const machines: Record<string, MachineProgress> = { ...rollout.machines };
  const events: { machine: string; sentence: string }[] = [];
  for (const sighting of sightings) {
    const { machine } = sighting;
    if (!open.has(machine)) continue;
    const before = machines[machine];
    const after = progressOf(rollout, sighting, isLate);
    if (before?.outcome === after.outcome && before.sentence === after.sentence) continue;
    machines[machine] = after;
    events.push({ machine, sentence: after.sentence ?? after.outcome });
  }
  return events.length === 0 ? rollout : withEvents({ ...rollout, machines }, events, now);
}

function progressOf(
  { revision, patienceMs }: RolloutRecord,
  { machine, status, isCurrent, reachable }: Sighting,
  isLate: boolean,
): MachineProgress {
  const lines = status?.lastLines === undefined ? {} : { lastLines: status.lastLines };
  if (isCurrent && status?.desired === revision) {
    if (status.state === "running" && status.running === revision) {
      return { outcome: "moved", sentence: status.sentence };
    }
    if (status.state === "failed") return { outcome: "failed", sentence: status.sentence, ...lines };
  }
  if (isLate) {
    const sentence = reachable
      ? `${machine} was not done within ${patienceMs / 1000} s: ${status?.sentence ?? "it says nothing of this service"}`
      : `${machine} was not heard of; is its agent running?`;
    return { outcome: "failed", sentence, ...lines };
  }
  if (!isCurrent || status === undefined) return { outcome: "moving", sentence: "is told" };
  return { outcome: "moving", sentence: status.step ?? status.sentence };
}

function advanced(rollout: RolloutRecord, now: number): RolloutRecord {
  const open = rollout.waves.slice(0, rollout.open).flat();
  const failed = open.find((machine) => rollout.machines[machine]?.outcome === "failed");
  if (failed !== undefined) {
    return turnBack(rollout, `${failed}: ${rollout.machines[failed]?.sentence ?? "failed"}`, now);
  }
  if (rollout.state === "paused") return rollout;
  if (!open.every((machine) => rollout.machines[machine]?.outcome === "moved")) return rollout;
  if (rollout.open < rollout.waves.length) {
    return withEvents(
      { ...rollout, open: rollout.open + 1, steppedAt: isoTime(now) },
      [{ sentence: `wave ${rollout.open + 1} of ${rollout.waves.length} begins` }],
      now,
    );
  }
  return ended({ ...rollout, state: "succeeded" }, "every machine runs it", now);
}

function returned(
  rollout: RolloutRecord,
  sightings: readonly Sighting[],
  now: number,
): RolloutRecord {
  const touched = new Set(rollout.waves.slice(0, rollout.open).flat());
  const away = sightings.filter(
    ({ machine, status, isCurrent }) =>
      touched.has(machine) &&
      !(isCurrent && status?.running === rollout.previous && status?.state !== "converging"),
  );
  const isLate = now - Date.parse(rollout.steppedAt) > rollout.patienceMs;
  if (away.length > 0 && !isLate) return rollout;
  const machines = Object.fromEntries(
    Object.entries(rollout.machines).map(([name, progress]) => [
      name,
      progress.outcome === "moved" || progress.outcome === "moving"
        ? { outcome: "returned" as const }
        : progress,
    ]),
  );
  const names = away.map(({ machine }) => machine).join(", ");
  const sentence =
    away.length > 0
      ? `these machines have not said that they are back: ${names}`
      : "every machine is back";
  const state = rollout.cancelled === true ? "cancelled" : "failed";
  return ended({ ...rollout, state, machines }, sentence, now);
}

function ended(rollout: RolloutRecord, sentence: string, now: number): RolloutRecord {
  return { ...withEvents(rollout, [{ sentence }], now), endedAt: isoTime(now) };
}
