// Asks the policy, and the validator where the policy says so.

import type { ModuleVersion } from "@stoa/gomod";
import { type Explanation, explain } from "../domain/policy/explanation.ts";
import {
  decide,
  type ModulePolicy,
  type PolicyDecision,
  type PolicyQuestion,
} from "../domain/policy/module-policy.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import type { RememberedVerdicts } from "./remember-verdicts.ts";

/** A policy with the parts that act on it. */
export interface PolicyInForce {
  readonly policy: ModulePolicy;
  /** Asks the hook of `policy.validator`; absent where there is none. */
  readonly verdicts: RememberedVerdicts | undefined;
}

/** What was decided, and for how long an answer that relies on it may be given out again. */
export interface Decided {
  readonly decision: PolicyDecision;
  readonly holdsForMs: number;
}

/** The policy in force, which may be replaced at any time; a request is decided by one policy from beginning to end. */
export class AppliedPolicy {
  readonly #refused: (question: PolicyQuestion, why: string) => void;
  #inForce: PolicyInForce;

  /** `refused` is told of every question that is answered with no. */
  constructor(
    inForce: PolicyInForce,
    refused: (question: PolicyQuestion, why: string) => void = () => undefined,
  ) {
    this.#inForce = inForce;
    this.#refused = refused;
  }

  replace(inForce: PolicyInForce): void {
    this.#inForce = inForce;
  }

  /** Whether nobody may be asked for anything. */
  get isOffline(): boolean {
    return this.#inForce.policy.network === "offline";
  }

  /** What it decides about `example.com/m@v1.0.0`, in words. Throws `InvalidText` if that is no module. */
  explain(module: string): Explanation {
    return explain(this.#inForce.policy, module);
  }

  /** Decides. Rejects with `refused` if the filter or the validator says no, or as `Validator.allows`. */
  async decide(question: PolicyQuestion, signal: AbortSignal): Promise<Decided> {
    const outcome = await this.#decided(question, signal);
    if ("decision" in outcome) return outcome;
    this.#refused(question, outcome.refusal);
    throw new ProxyFailure("refused", outcome.refusal);
  }

  /** Whether a version may be fetched, now or in the background; nobody is told of a no. Rejects as `Validator.allows`. */
  async mayFetch({ path, version }: ModuleVersion, signal: AbortSignal): Promise<boolean> {
    const outcome = await this.#decided({ endpoint: "zip", path, version }, signal);
    if ("refusal" in outcome) return false;
    const { admission, onMiss } = outcome.decision;
    if (admission.verdict !== "served" || onMiss.action === "absent") return false;
    return onMiss.action !== "redirect" || onMiss.queue;
  }

  async #decided(
    question: PolicyQuestion,
    signal: AbortSignal,
  ): Promise<Decided | { readonly refusal: string }> {
    const { policy, verdicts } = this.#inForce;
    const decision = decide(policy, question);
    const { admission } = decision;
    if (admission.verdict === "refused") return { refusal: admission.why };
    const { path, version } = question;
    if (!decision.isValidated || verdicts === undefined || version === undefined) {
      return { decision, holdsForMs: Number.POSITIVE_INFINITY };
    }
    const { allowed, holdsForMs } = await verdicts.ask(path, version, signal);
    if (allowed) return { decision, holdsForMs };
    return { refusal: `the validator at ${policy.validator} does not allow it` };
  }
}
