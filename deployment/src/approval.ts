// An approval: that a revision may run in an environment, with just these settings. Each who approves signs the same text.
import { revisionIdShape, type Settings } from "./assignment.ts";
import { canonicalJson } from "./canonical-json.ts";
import { sha256Hex, sha256Pattern } from "./digest.ts";
import { checkDocument } from "./document-check.ts";
import { labelShape } from "./names.ts";
import { anyText, object, oneOf, optional, type Shape } from "./shape.ts";

/** That a revision may run in an environment with these settings. It stands for as long as the policy lets its signers approve. */
export interface Approval {
  readonly format: 1;
  readonly environment: string;
  readonly service: string;
  /** The id of the revision. */
  readonly revision: string;
  /** What `settingsDigest` says; absent: without any settings. */
  readonly settings?: string | undefined;
}

/**
 * Names what the environment adds to a revision: the hex SHA-256 of the sealed settings as the index has them. Undefined where it
 * adds nothing. Whoever seals the same values anew makes other settings of them.
 */
export function settingsDigest({ environment }: Settings): string | undefined {
  if (Object.keys(environment).length === 0) return undefined;
  return sha256Hex(canonicalJson({ environment }));
}

/** Where the approval lies in the tree. */
export function approvalPath({
  environment,
  service,
  revision,
  settings,
}: Omit<Approval, "format">): string {
  const folder = `environments/${environment}/approvals/${service}`;
  return settings === undefined
    ? `${folder}/${revision}.json`
    : `${folder}/${revision}/${settings}.json`;
}

const approvalShape: Shape<Approval> = object<Approval>({
  format: oneOf(1),
  environment: labelShape,
  service: labelShape,
  revision: revisionIdShape,
  settings: optional(
    anyText.that((text) => sha256Pattern.test(text), "must be a SHA-256 in hexadecimal digits"),
  ),
});

/** Checks that a parsed JSON value is an approval. Throws `DocumentProblem`. */
export function parseApproval(value: unknown): Approval {
  return checkDocument("approval", approvalShape, value);
}
