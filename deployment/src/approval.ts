// An approval: that a revision may run in an environment. Each who approves signs the same text.
import { z } from "zod";
import { sha256Pattern } from "./digest.ts";
import { checkDocument } from "./document-check.ts";
import { labelSchema } from "./names.ts";

/** That a revision may run in an environment. It stands for as long as the policy lets its signers approve. */
export interface Approval {
  readonly format: 1;
  readonly environment: string;
  readonly service: string;
  /** The id of the revision. */
  readonly revision: string;
}

const approvalSchema: z.ZodType<Approval> = z.strictObject({
  format: z.literal(1),
  environment: labelSchema,
  service: labelSchema,
  revision: z.string().regex(sha256Pattern, { error: "must be the id of a revision" }),
});

/** Checks that a parsed JSON value is an approval. Throws `DocumentProblem`. */
export function parseApproval(value: unknown): Approval {
  return checkDocument("approval", approvalSchema, value);
}
