// What the machines of a group should run of one service, and which of them already.
import { sha256Pattern } from "./digest.ts";
import { labelShape, machineNameShape } from "./names.ts";
import { environmentVariablesShape } from "./run.ts";
import { anyText, list, object, oneOf, optional, record, type Shape, whole } from "./shape.ts";
import { matchesTagQuery, type TagQuery, type Tags, tagQueryShape } from "./tag-query.ts";

/** What the environment adds to a revision. */
export interface Settings {
  /** Variables; they win over those of the revision. Their values may be sealed (`sealSetting`). */
  readonly environment: Readonly<Record<string, string>>;
}

/** A revision and what its environment adds to it: what a machine runs. */
export interface Held {
  readonly revision: string;
  readonly settings: Settings;
}

/**
 * - `rolling`: machines in open waves run `revision`, all others what they ran before.
 * - `paused`: the same, and nobody opens the next wave.
 * - `settled`: every machine of the group runs `revision`, those that join later too.
 */
export type AssignmentState = "rolling" | "settled" | "paused";

/** What the machines of a group should run of one service. */
export interface Assignment {
  readonly service: string;
  /** The id of the rollout that wrote it. */
  readonly rollout: string;
  /** The serial of the index in which it last changed. */
  readonly serial: number;
  /** The id of the revision. */
  readonly revision: string;
  /** What the environment adds to `revision`. */
  readonly settings: Settings;
  /** What ran before; absent where nothing did. */
  readonly previous?: string;
  /** What the environment added to `previous`; absent where that is the same as now. */
  readonly previousSettings?: Settings;
  /** Which machines are of the group at all. */
  readonly selector: TagQuery;
  /** Names of machines; a machine stands in one wave at most. */
  readonly waves: readonly (readonly string[])[];
  /** So many of the waves run `revision`. */
  readonly open: number;
  readonly state: AssignmentState;
  /**
   * Machines that keep something else than `previous` until their wave opens: those that have moved, while a rollback
   * brings them back one wave after the other, and those that an earlier rollout left behind.
   */
  readonly kept?: Readonly<Record<string, Held>>;
}

/** The shape of a revision's id. */
export const revisionIdShape: Shape<string> = anyText.that(
  (id) => sha256Pattern.test(id),
  "must be the id of a revision, 64 hexadecimal digits",
);

const settingsShape = object<Settings>({ environment: environmentVariablesShape });

/** The shape of `Assignment`. */
export const assignmentShape: Shape<Assignment> = object<Assignment>({
  service: labelShape,
  rollout: anyText.that((id) => id !== "", "must name a rollout"),
  serial: whole(1),
  revision: revisionIdShape,
  settings: settingsShape,
  previous: optional(revisionIdShape),
  previousSettings: optional(settingsShape),
  selector: tagQueryShape,
  waves: list(list(machineNameShape)),
  open: whole(0),
  state: oneOf("rolling", "settled", "paused"),
  kept: optional(
    record(machineNameShape, object<Held>({ revision: revisionIdShape, settings: settingsShape })),
  ),
})
  .that(({ waves, open }) => open <= waves.length, "must not be more than there are waves", [
    "open",
  ])
  .that(
    ({ waves }) => new Set(waves.flat()).size === waves.flat().length,
    "must name a machine once at most",
    ["waves"],
  );

/** A machine, as far as an assignment asks. */
export interface Member {
  readonly name: string;
  readonly tags: Tags;
}

/**
 * What a machine should run; `undefined` where it should run nothing of this service, because it is not of the group, or
 * because there was nothing before and its turn has not come.
 */
export function assignedTo(assignment: Assignment, machine: Member): Held | undefined {
  const { selector, state, revision, settings, kept = {}, previous, previousSettings } = assignment;
  if (!matchesTagQuery(selector, machine.tags)) return undefined;
  if (state === "settled" || isOpenFor(assignment, machine.name)) return { revision, settings };
  if (Object.hasOwn(kept, machine.name)) return kept[machine.name];
  return previous === undefined
    ? undefined
    : { revision: previous, settings: previousSettings ?? settings };
}

/** The id of the revision that a machine should run; `undefined` where it should run nothing of this service. */
export function assignedRevision(assignment: Assignment, machine: Member): string | undefined {
  return assignedTo(assignment, machine)?.revision;
}

function isOpenFor({ waves, open }: Assignment, name: string): boolean {
  return waves.slice(0, open).some((wave) => wave.includes(name));
}
