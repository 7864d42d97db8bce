// The one document of an environment that its machines poll: which revision of which service, where.
import {
  type Assignment,
  assignedTo,
  assignmentShape,
  type Held,
  type Member,
} from "./assignment.ts";
import { checkDocument } from "./document-check.ts";
import { DocumentProblem } from "./document-problem.ts";
import { labelShape } from "./names.ts";
import { anyText, object, oneOf, optional, record, type Shape, whole } from "./shape.ts";

/** Which revision of which service runs where in an environment. */
export interface EnvironmentIndex {
  readonly format: 1;
  readonly environment: string;
  /** Grows with every change, and never goes back: going back to an older revision is a higher serial too. */
  readonly serial: number;
  /** RFC 3339, in UTC. */
  readonly issuedAt: string;
  /** From then on it is refused; what runs keeps running. */
  readonly notAfter: string;
  /** The serial of the newest policy; absent while there is none. */
  readonly policy?: number;
  /** By the name of the service. */
  readonly services: Readonly<Record<string, Assignment>>;
}

/** A moment: RFC 3339 in UTC, as `Date.toISOString` writes it. */
export const momentShape: Shape<string> = anyText.that(
  isMoment,
  "must be a moment such as 2026-01-31T12:00:00Z",
);

const indexShape: Shape<EnvironmentIndex> = object<EnvironmentIndex>({
  format: oneOf(1),
  environment: labelShape,
  serial: whole(1),
  issuedAt: momentShape,
  notAfter: momentShape,
  policy: optional(whole(1)),
  services: record(labelShape, assignmentShape),
});

/** Checks that a parsed JSON value is an environment index. Throws `DocumentProblem`. */
export function parseEnvironmentIndex(value: unknown): EnvironmentIndex {
  const index = checkDocument("environment index", indexShape, value);
  for (const [name, assignment] of Object.entries(index.services)) {
    if (assignment.service !== name) {
      throw new DocumentProblem("environment index", `services.${name}.service`, `must be ${name}`);
    }
    if (assignment.serial > index.serial) {
      throw new DocumentProblem(
        "environment index",
        `services.${name}.serial`,
        "must not be above the serial of the index",
      );
    }
  }
  return index;
}

/** What one machine should run of one service. */
export interface Desired extends Held {
  readonly assignment: Assignment;
}

/** What a machine should run, by the name of the service. Services it should run nothing of are absent. */
export function revisionFor(
  index: EnvironmentIndex,
  machine: Member,
): ReadonlyMap<string, Desired> {
  const desired = new Map<string, Desired>();
  for (const [service, assignment] of Object.entries(index.services)) {
    const held = assignedTo(assignment, machine);
    if (held !== undefined) desired.set(service, { ...held, assignment });
  }
  return desired;
}

/** `Date` takes the 30th of February for a day of March. */
function isMoment(moment: string): boolean {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(moment)) return false;
  const atMs = Date.parse(moment);
  return !Number.isNaN(atMs) && new Date(atMs).toISOString().slice(0, 10) === moment.slice(0, 10);
}
