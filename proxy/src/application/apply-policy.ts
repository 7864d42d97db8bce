// Asks the policy, and the validator where the policy says so.
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
  #inForce: PolicyInForce;

  constructor(inForce: PolicyInForce) {
    this.#inForce = inForce;
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
    const { policy, verdicts } = this.#inForce;
    const decision = decide(policy, question);
    const { admission } = decision;
    if (admission.verdict === "refused") throw new ProxyFailure("refused", admission.why);
    const { path, version } = question;
    if (!decision.isValidated || verdicts === undefined || version === undefined) {
      return { decision, holdsForMs: Number.POSITIVE_INFINITY };
    }
    const { allowed, holdsForMs } = await verdicts.ask(path, version, signal);
    if (allowed) return { decision, holdsForMs };
    throw new ProxyFailure("refused", `the validator at ${policy.validator} does not allow it`);
  }
}
