// Who may say what runs in an environment, and when nothing new may.
import { revisionIdShape } from "./assignment.ts";
import { checkDocument } from "./document-check.ts";
import { DocumentProblem } from "./document-problem.ts";
import { momentShape } from "./environment-index.ts";
import { type PublicKey, parsePublicKey } from "./minisign-key.ts";
import { labelShape } from "./names.ts";
import { anyText, list, object, oneOf, optional, record, type Shape, whole } from "./shape.ts";

/**
 * Who may say what runs in an environment. The first is signed by a key that the machines trust since they joined, every
 * further one by the administrators whom the one before it names. None is ever replaced: the next one has the next serial.
 */
export interface Policy {
  readonly format: 1;
  readonly environment: string;
  /** 1, 2, 3, … without a gap. */
  readonly serial: number;
  readonly issuedAt: string;
  /** From then on nothing new may run, until there is another. */
  readonly notAfter: string;
  /** Lines of minisign public keys that may sign the environment's index. */
  readonly keys: readonly string[];
  /** So many of them must have signed it. */
  readonly threshold: number;
  /** Lines of the public keys that sign the next policy. */
  readonly administrators: readonly string[];
  /** So many of them must sign it. */
  readonly quorum: number;
  /** Who may deploy what; the first about a service holds. Empty: whatever the index says may run. */
  readonly rules: readonly Rule[];
  /** While it lasts only what ran before may run. */
  readonly freeze?: Freeze;
}

/** Who may deploy some services. */
export interface Rule {
  /** Their names; empty: all that no rule before this one is about. */
  readonly services: readonly string[];
  /** Names of the owners of tokens who may start rollouts; empty: everybody with the role. Only the control plane can see to this. */
  readonly people: readonly string[];
  /** Lines of the public keys that may approve revisions. */
  readonly keys: readonly string[];
  /** So many of them must have approved a revision; 0: none need to. */
  readonly approvals: number;
}

/** A time in which nothing new is rolled out. */
export interface Freeze {
  /** Why, for people. */
  readonly reason: string;
  readonly since: string;
  /** When it ends by itself; absent: when a policy without it comes. */
  readonly until?: string;
  /** Which services it is about; empty: all. */
  readonly services: readonly string[];
  /** The ids of the revisions that ran before, by service: they may run, so that there is a way back. */
  readonly runs: Readonly<Record<string, readonly string[]>>;
  /** What administrators let pass all the same. */
  readonly overrides: readonly Override[];
}

/** A revision that an administrator lets pass during a freeze. */
export interface Override {
  readonly service: string;
  readonly revision: string;
  /** Who, and why, for people. */
  readonly by: string;
  readonly reason: string;
  readonly at: string;
}

const lines = list(anyText);
const someLines = lines.that(({ length }) => length > 0, "must name at least one key");
const someText = anyText.that((text) => text !== "", "must not be empty");
const ruleShape: Shape<Rule> = object<Rule>({
  services: list(labelShape),
  people: list(someText),
  keys: lines,
  approvals: whole(0),
});

const overrideShape: Shape<Override> = object<Override>({
  service: labelShape,
  revision: revisionIdShape,
  by: anyText,
  reason: someText,
  at: momentShape,
});

const freezeShape: Shape<Freeze> = object<Freeze>({
  reason: someText,
  since: momentShape,
  until: optional(momentShape),
  services: list(labelShape),
  runs: record(labelShape, list(revisionIdShape)),
  overrides: list(overrideShape),
});

const policyShape: Shape<Policy> = object<Policy>({
  format: oneOf(1),
  environment: labelShape,
  serial: whole(1),
  issuedAt: momentShape,
  notAfter: momentShape,
  keys: someLines,
  threshold: whole(1),
  administrators: someLines,
  quorum: whole(1),
  rules: list(ruleShape),
  freeze: optional(freezeShape),
});

/** Checks that a parsed JSON value is a policy that can be obeyed. Throws `DocumentProblem`. */
export function parsePolicy(value: unknown): Policy {
  const policy = checkDocument("policy", policyShape, value);
  checkCount(policy.keys, policy.threshold, "threshold");
  checkCount(policy.administrators, policy.quorum, "quorum");
  policy.rules.forEach(({ keys, approvals }, at) => {
    checkCount(keys, approvals, `rules[${at}].approvals`);
  });
  return policy;
}

/** A number of signatures that the keys cannot give would forbid everything for ever. */
function checkCount(lines: readonly string[], wanted: number, path: string): void {
  const different = differentKeys(lines);
  if (wanted <= different.length) return;
  throw new DocumentProblem(
    "policy",
    path,
    `must not be above the number of keys, ${different.length}`,
  );
}

/** The keys that stand in these lines, each once. Throws `DocumentProblem`. */
export function differentKeys(lines: readonly string[]): readonly PublicKey[] {
  const keys = lines.map(parsePublicKey);
  return keys.filter((key, index) => keys.findIndex((one) => one.key.equals(key.key)) === index);
}
