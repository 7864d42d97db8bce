// A rollout as it is kept and shown: what was asked, where it stands, what has happened.
import { formatStrategy, isOver, type MachineTaskState, type Rollout } from "@stoa/deployment";
import { isoTime } from "./clock.ts";

/** Why there is a rollout. */
export type RolloutKind = "deploy" | "rollback" | "promotion";

/** Something that happened. */
export interface RolloutNote {
  /** 1, 2, 3, … */
  readonly number: number;
  readonly at: string;
  readonly machine?: string;
  readonly sentence: string;
}

/** That a service was taken away. */
export interface Removal {
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly owner: string;
  readonly reason: string;
}

/** A rollout as it is kept. It holds settings, and so is never shown as it is. */
export interface RolloutRecord {
  readonly format: 1;
  readonly rollout: Rollout;
  /** The label of the revision. */
  readonly version: string;
  readonly kind: RolloutKind;
  readonly notes: readonly RolloutNote[];
  /** Its end is not in the audit log yet, which had so many entries when it ended. */
  readonly endOwedSince?: number;
  /** Afterwards the service was removed: the index says nothing of it until another rollout comes. */
  readonly removed?: Removal;
}

/** A rollout as it is shown. */
export interface ShownRollout {
  readonly id: string;
  readonly environment: string;
  readonly service: string;
  readonly revision: string;
  readonly version: string;
  readonly previous?: string;
  readonly kind: RolloutKind;
  readonly owner: string;
  readonly reason: string;
  readonly strategy: string;
  readonly state: Rollout["state"];
  /** Whether it is paused. */
  readonly held: boolean;
  /** How it stands, and what began to go wrong. */
  readonly sentence: string;
  readonly startedAt: string;
  readonly endedAt?: string;
  /** Waves that were opened, and whose turn has not come. */
  readonly waves: readonly (readonly string[])[];
  readonly waiting: readonly string[];
  readonly machines: Readonly<Record<string, ShownTask>>;
  readonly notes: readonly RolloutNote[];
  /** That the service was removed after it. */
  readonly removed?: { readonly at: string; readonly owner: string; readonly reason: string };
}

/** One machine in a rollout. */
export interface ShownTask {
  readonly state: MachineTaskState;
  readonly since: string;
  readonly step?: string;
  readonly sentence?: string;
  readonly lastLines?: readonly string[];
}

/** What may be shown of a rollout: everything but the settings. */
export function shownRollout(record: RolloutRecord): ShownRollout {
  const { rollout, version, kind, notes, removed } = record;
  const { id, environment, service, revision, previous, owner, reason, rules } = rollout;
  const { state, held, sentence, startedMs, endedMs, waves, waiting, tasks } = rollout;
  return {
    id,
    environment,
    service,
    revision,
    version,
    ...(previous === undefined ? {} : { previous }),
    kind,
    owner,
    reason,
    strategy: formatStrategy(rules.strategy),
    state,
    held,
    sentence,
    startedAt: isoTime(startedMs),
    ...(endedMs === undefined ? {} : { endedAt: isoTime(endedMs) }),
    waves,
    waiting,
    machines: Object.fromEntries(
      Object.entries(tasks).map(([name, task]) => [name, shownTask(task)]),
    ),
    notes,
    ...(removed === undefined ? {} : { removed: shownRemoval(removed) }),
  };
}

function shownRemoval({ atMs, owner, reason }: Removal): NonNullable<ShownRollout["removed"]> {
  return { at: isoTime(atMs), owner, reason };
}

function shownTask(task: Rollout["tasks"][string]): ShownTask {
  const { state, sinceMs, step, sentence, lastLines } = task;
  return {
    state,
    since: isoTime(sinceMs),
    ...(step === undefined ? {} : { step }),
    ...(sentence === undefined ? {} : { sentence }),
    ...(lastLines === undefined ? {} : { lastLines }),
  };
}

/** Of what it is a rollout: one runs at a time per service and environment. */
export function placeOf({ rollout: { environment, service } }: RolloutRecord): string {
  return `${environment}/${service}`;
}

/** Whether nothing will happen to it any more, and the index and the audit log say so. */
export function isSettled({ rollout, endOwedSince }: RolloutRecord): boolean {
  return isOver(rollout) && rollout.publishedSerial !== undefined && endOwedSince === undefined;
}

/** The record with more notes. */
export function withNotes(
  record: RolloutRecord,
  notes: readonly Pick<RolloutNote, "machine" | "sentence">[],
  now: number,
): RolloutRecord {
  if (notes.length === 0) return record;
  const first = record.notes.length + 1;
  const numbered = notes.map(({ machine, sentence }, at) => ({
    number: first + at,
    at: isoTime(now),
    ...(machine === undefined ? {} : { machine }),
    sentence,
  }));
  return { ...record, notes: [...record.notes, ...numbered] };
}

/** Whether two states of a rollout differ in more than when machines were last heard. */
export function isNewer(before: Rollout, after: Rollout): boolean {
  return before !== after && withoutHearing(before) !== withoutHearing(after);
}

/** The rollout after nobody looked at it for a while: the time that has passed is not held against machines. */
export function afterAbsence(rollout: Rollout, now: number): Rollout {
  const { bakeUntilMs, rules } = rollout;
  // The clock may have been set back meanwhile.
  const bakes =
    bakeUntilMs === undefined ? {} : { bakeUntilMs: Math.min(bakeUntilMs, now + rules.bakeMs) };
  return { ...rollout, ...bakes, tasks: withTimes(rollout, () => now) };
}

/** The rollout after the clock was set: what it waits for is as far away as before. */
export function afterClockWasSet(rollout: Rollout, byMs: number): Rollout {
  const { bakeUntilMs } = rollout;
  const bakes = bakeUntilMs === undefined ? {} : { bakeUntilMs: bakeUntilMs + byMs };
  return { ...rollout, ...bakes, tasks: withTimes(rollout, (ms) => ms + byMs) };
}

function withTimes({ tasks }: Rollout, change: (ms: number) => number): Rollout["tasks"] {
  return Object.fromEntries(
    Object.entries(tasks).map(([name, task]) => {
      const { heardMs, sentMs } = task;
      const sent = sentMs === undefined ? {} : { sentMs: change(sentMs) };
      return [name, { ...task, heardMs: change(heardMs), ...sent }];
    }),
  );
}

function withoutHearing(rollout: Rollout): string {
  return JSON.stringify(rollout, (key, value) => (key === "heardMs" ? undefined : value));
}
