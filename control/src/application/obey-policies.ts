// What the policy of an environment says about a rollout, before anything is touched.
import {
  type Policy,
  settingsDigest,
  shortId,
  whyForbidden,
  whyFrozen,
  whyNotBy,
} from "@stoa/deployment";
import type { Clock } from "../domain/clock.ts";
import { ControlFailure } from "../domain/control-failure.ts";
import type { RolloutKind } from "../domain/rollout-record.ts";
import type { Environments } from "./change-environments.ts";
import type { Approvals } from "./give-approvals.ts";
import type { Policies } from "./keep-policies.ts";

/** What it is decided with. */
export interface PolicyKnowledge {
  readonly policies: Policies;
  readonly approvals: Approvals;
  readonly environments: Environments;
  readonly clock: Clock;
}

/** A rollout that somebody asks for. */
export interface RolloutIntent {
  readonly environment: string;
  readonly service: string;
  /** The id of the revision. */
  readonly revision: string;
  /** What `settingsDigest` says of the settings that go with it. */
  readonly settings: string | undefined;
  readonly kind: RolloutKind;
  /** The owner of the token. */
  readonly person: string;
}

/** Fails with `forbidden`, and with the sentence of the policy, if the rollout must not be. */
export async function checkPolicy(known: PolicyKnowledge, intent: RolloutIntent): Promise<void> {
  const policy = (await known.policies.current(intent.environment))?.policy;
  if (policy === undefined) return;
  const sentence = whyNotBy(policy, intent) ?? (await whyNot(known, policy, intent));
  if (sentence !== undefined) throw new ControlFailure("forbidden", sentence);
}

/** What runs now and would be refused by a machine that joins today, each as a sentence. */
export async function unreadyServices(
  known: PolicyKnowledge,
  environment: string,
): Promise<readonly string[]> {
  const policy = (await known.policies.current(environment))?.policy;
  const index = await known.environments.read(environment);
  if (policy === undefined || index === undefined) return [];
  const sentences: string[] = [];
  for (const { service, revision, settings: added } of Object.values(index.services)) {
    const settings = settingsDigest(added);
    const why = await whyRefused(known, policy, { environment, service, revision, settings });
    if (why !== undefined) sentences.push(`${service} runs ${shortId(revision)}: ${why}`);
  }
  return sentences;
}

async function whyNot(
  known: PolicyKnowledge,
  policy: Policy,
  intent: RolloutIntent,
): Promise<string | undefined> {
  const { environment, service, revision, kind } = intent;
  if (kind === "rollback") {
    const index = await known.environments.read(environment);
    // Machines need nobody's leave to go back to what they ran just before, with the settings it had.
    const present = index?.services[service];
    const before = present?.previousSettings ?? present?.settings;
    const isSame = before !== undefined && settingsDigest(before) === intent.settings;
    if (present?.previous === revision && isSame) return undefined;
  } else {
    const frozen = whyFrozen(withoutPast(policy), { service, revision, nowMs: known.clock.now() });
    if (frozen !== undefined) return frozen;
  }
  return await whyRefused(known, policy, intent);
}

/** Why a machine would refuse it. */
async function whyRefused(
  { approvals, clock }: PolicyKnowledge,
  policy: Policy,
  {
    environment,
    service,
    revision,
    settings,
  }: Pick<RolloutIntent, "environment" | "service" | "revision" | "settings">,
): Promise<string | undefined> {
  const approval = await approvals.read({ environment, service, revision, settings });
  return whyForbidden(policy, { service, revision, settings, approval, nowMs: clock.now() });
}

/** A deployment of what ran before may carry other settings: during a freeze only a rollback goes back. */
function withoutPast(policy: Policy): Policy {
  const { freeze } = policy;
  return freeze === undefined ? policy : { ...policy, freeze: { ...freeze, runs: {} } };
}
