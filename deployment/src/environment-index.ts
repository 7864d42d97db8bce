// The one document of an environment that its machines poll: which revision of which service, where.
import { z } from "zod";
import {
  type Assignment,
  assignedTo,
  assignmentSchema,
  type Held,
  type Member,
} from "./assignment.ts";
import { checkDocument } from "./document-check.ts";
import { DocumentProblem } from "./document-problem.ts";
import { labelSchema } from "./names.ts";

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
export const momentSchema: z.ZodType<string> = z.iso.datetime({
  error: "must be a moment such as 2026-01-31T12:00:00Z",
});

const indexSchema: z.ZodType<EnvironmentIndex> = z.strictObject({
  format: z.literal(1),
  environment: labelSchema,
  serial: z.int().min(1),
  issuedAt: momentSchema,
  notAfter: momentSchema,
  policy: z.int().min(1).exactOptional(),
  services: z.record(labelSchema, assignmentSchema),
});

/** Checks that a parsed JSON value is an environment index. Throws `DocumentProblem`. */
export function parseEnvironmentIndex(value: unknown): EnvironmentIndex {
  const index = checkDocument("environment index", indexSchema, value);
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
