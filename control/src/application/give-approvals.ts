// Approvals: signatures under the statement that a revision may run in an environment, gathered one by one.
import {
  type Approval,
  approvalPath,
  approversOf,
  differentKeys,
  joinSignatures,
  type Policy,
  ruleOf,
} from "@stoa/deployment";
import { ControlFailure } from "../domain/control-failure.ts";
import type { DocumentTree } from "../domain/document-tree.ts";
import type { Policies } from "./keep-policies.ts";

/** What is approved. */
export type Approved = Omit<Approval, "format">;

/** Who has approved a revision. */
export interface Approvers {
  /** The ids of their keys. */
  readonly approvers: readonly string[];
  /** So many must have. */
  readonly wanted: number;
}

/** The approvals of all revisions. */
export class Approvals {
  readonly #tree: DocumentTree;
  readonly #policies: Policies;

  constructor(tree: DocumentTree, policies: Policies) {
    this.#tree = tree;
    this.#policies = policies;
  }

  /** The envelope; undefined if nobody has approved it. */
  async read(approved: Approved): Promise<string | undefined> {
    return (await this.#tree.read(approvalPath(approved)))?.text;
  }

  /** Who has approved it, by the policy that holds. */
  async of(approved: Approved): Promise<Approvers> {
    const policy = (await this.#policies.current(approved.environment))?.policy;
    if (policy === undefined) return { approvers: [], wanted: 0 };
    return approversBy(policy, approved, await this.read(approved));
  }

  /** Fails with `forbidden` unless every signature of the envelope is of a key that may approve it. */
  async check(approved: Approved, envelope: string): Promise<void> {
    await this.#policyFor(approved, envelope);
  }

  /** Adds the signatures of an envelope. Repeating is fine. Fails as `check` does. */
  async add(approved: Approved, envelope: string): Promise<Approvers> {
    const policy = await this.#policyFor(approved, envelope);
    const path = approvalPath(approved);
    for (;;) {
      const stored = await this.#tree.read(path);
      const text = joined(policy, approved, stored?.text, envelope);
      if (stored?.text === text) return approversBy(policy, approved, text);
      const written =
        stored === undefined
          ? await this.#tree.create(path, text)
          : await this.#tree.replace(path, text, stored.etag);
      if (written !== undefined) return approversBy(policy, approved, text);
    }
  }

  async #policyFor(approved: Approved, envelope: string): Promise<Policy> {
    const { environment, service } = approved;
    const policy = (await this.#policies.current(environment))?.policy;
    if (policy === undefined) {
      throw new ControlFailure(
        "conflict",
        `${environment} has no policy, so nothing has to be approved there; an administrator makes one with stoa policy set FILE -e ${environment}`,
      );
    }
    const { approvers } = approversBy(policy, approved, envelope);
    if (approvers.length > 0 && approvers.length === signaturesIn(envelope)) return policy;
    const keys = differentKeys(ruleOf(policy, service)?.keys ?? []).map(({ id }) => id);
    throw new ControlFailure(
      "forbidden",
      `the approval is not signed by a key that may approve ${service} in ${environment}; its policy names ${keys.join(", ") || "none"}`,
    );
  }
}

function approversBy(policy: Policy, approved: Approved, approval: string | undefined): Approvers {
  const { service, revision, settings } = approved;
  return {
    approvers: [...approversOf(policy, { service, revision, settings, approval })],
    wanted: ruleOf(policy, service)?.approvals ?? 0,
  };
}

/** What somebody else has put in the place of the signatures, or what counts no more, is left behind. */
function joined(
  policy: Policy,
  approved: Approved,
  before: string | undefined,
  envelope: string,
): string {
  if (before === undefined) return envelope;
  const { approvers } = approversBy(policy, approved, before);
  const isWhole = approvers.length > 0 && approvers.length === signaturesIn(before);
  return isWhole ? joinSignatures(before, envelope) : envelope;
}

/** Of an envelope that was opened before. */
function signaturesIn(envelope: string): number {
  return (JSON.parse(envelope) as { readonly signatures: readonly string[] }).signatures.length;
}
