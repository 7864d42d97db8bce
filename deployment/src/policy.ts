// Who may say what runs in an environment.
import { checkDocument } from "./document-check.ts";
import { DocumentProblem } from "./document-problem.ts";
import { momentShape } from "./environment-index.ts";
import { parsePublicKey } from "./minisign-key.ts";
import { labelShape } from "./names.ts";
import { anyText, list, object, oneOf, optional, type Shape, whole } from "./shape.ts";

/** Who may say what runs in an environment. It is signed by the root key that machines got when they joined. */
export interface Policy {
  readonly format: 1;
  readonly environment: string;
  /** Never goes back. */
  readonly serial: number;
  readonly issuedAt: string;
  readonly notAfter: string;
  /** Lines of minisign public keys that may sign the environment's index. */
  readonly keys: readonly string[];
  /** So many of them must have signed it. */
  readonly threshold: number;
  /** While it is there nothing new is rolled out; why, for people. */
  readonly frozen?: string;
}

const policyShape: Shape<Policy> = object<Policy>({
  format: oneOf(1),
  environment: labelShape,
  serial: whole(1),
  issuedAt: momentShape,
  notAfter: momentShape,
  keys: list(anyText).that(({ length }) => length > 0, "must name at least one key"),
  threshold: whole(1),
  frozen: optional(anyText),
});

/** Checks that a parsed JSON value is a policy. Throws `DocumentProblem`. */
export function parsePolicy(value: unknown): Policy {
  const policy = checkDocument("policy", policyShape, value);
  const keys = policy.keys.map(parsePublicKey);
  const different = keys.filter(
    (key, index) => keys.findIndex((one) => one.key.equals(key.key)) === index,
  );
  if (policy.threshold > different.length) {
    throw new DocumentProblem(
      "policy",
      "threshold",
      `must not be above the number of keys, ${different.length}`,
    );
  }
  return policy;
}
