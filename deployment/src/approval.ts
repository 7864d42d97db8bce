// An approval: that a revision may run in an environment. Each who approves signs the same text.
import { revisionIdShape } from "./assignment.ts";
import { checkDocument } from "./document-check.ts";
import { labelShape } from "./names.ts";
import { object, oneOf, type Shape } from "./shape.ts";

/** That a revision may run in an environment. It stands for as long as the policy lets its signers approve. */
export interface Approval {
  readonly format: 1;
  readonly environment: string;
  readonly service: string;
  /** The id of the revision. */
  readonly revision: string;
}

const approvalShape: Shape<Approval> = object<Approval>({
  format: oneOf(1),
  environment: labelShape,
  service: labelShape,
  revision: revisionIdShape,
});

/** Checks that a parsed JSON value is an approval. Throws `DocumentProblem`. */
export function parseApproval(value: unknown): Approval {
  return checkDocument("approval", approvalShape, value);
}
