// What a policy forbids, and in which sentence that is said. The control plane and every machine decide by this alone.
import { openEnvelope } from "./envelope.ts";
import { differentKeys, type Freeze, type Policy, type Rule } from "./policy.ts";
import { shortId } from "./revision.ts";

/** A revision that is to run. */
export interface Intent {
  readonly service: string;
  readonly revision: string;
  /** What `settingsDigest` says of the settings it is to run with; absent: it runs without any. */
  readonly settings?: string | undefined;
  /** The envelope of its approval; absent where there is none. */
  readonly approval?: string | undefined;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** Why a revision must not run: one sentence with the rule, who can lift it and how. Undefined if it may. */
export function whyForbidden(policy: Policy, intent: Intent): string | undefined {
  return whyExpired(policy, intent) ?? whyFrozen(policy, intent) ?? whyUnapproved(policy, intent);
}

/** The freeze that a service is under. */
export function freezeOf({ freeze }: Policy, service: string, nowMs: number): Freeze | undefined {
  if (freeze === undefined) return undefined;
  if (freeze.services.length > 0 && !freeze.services.includes(service)) return undefined;
  return freeze.until !== undefined && Date.parse(freeze.until) <= nowMs ? undefined : freeze;
}

/** The rule about a service; undefined if no rule is about it. */
export function ruleOf({ rules }: Policy, service: string): Rule | undefined {
  return rules.find(({ services }) => services.length === 0 || services.includes(service));
}

/** Whether nothing may run without an approval of its own. */
export function needsApproval(policy: Policy, service: string): boolean {
  return policy.rules.length > 0 && ruleOf(policy, service)?.approvals !== 0;
}

/** Why nothing at all may be started by this policy any more. */
export function whyExpired(
  { environment, notAfter }: Policy,
  { nowMs }: Pick<Intent, "nowMs">,
): string | undefined {
  if (Date.parse(notAfter) > nowMs) return undefined;
  return `the policy of ${environment} expired at ${notAfter}, and until an administrator renews it (stoa policy renew -e ${environment}) nothing new may run there`;
}

/** Why a freeze forbids a revision. */
export function whyFrozen(
  policy: Policy,
  { service, revision, nowMs }: Pick<Intent, "service" | "revision" | "nowMs">,
): string | undefined {
  const freeze = freezeOf(policy, service, nowMs);
  if (freeze === undefined) return undefined;
  // A service may be called `constructor`.
  const ran = Object.hasOwn(freeze.runs, service) ? (freeze.runs[service] ?? []) : [];
  if (ran.includes(revision)) return undefined;
  const isLetPass = freeze.overrides.some(
    (one) => one.service === service && one.revision === revision,
  );
  if (isLetPass) return undefined;
  const { environment } = policy;
  const end = freeze.until === undefined ? "" : ` until ${freeze.until}`;
  const what = `${service} ${shortId(revision)}`;
  return `${environment} is frozen since ${freeze.since}${end} (${freeze.reason}), so ${shortId(revision)} of ${service} may not be deployed there; stoa rollback ${service} goes back to what ran before, and an administrator lets this one pass with stoa policy override ${what} -e ${environment} --reason TEXT, or ends the freeze with stoa policy thaw -e ${environment}`;
}

function whyUnapproved(
  policy: Policy,
  { service, revision, settings, approval }: Intent,
): string | undefined {
  const { environment, serial, rules } = policy;
  if (rules.length === 0) return undefined;
  const rule = ruleOf(policy, service);
  if (rule === undefined) {
    return `the policy of ${environment} (serial ${serial}) has no rule about ${service}, so nobody may deploy it there; an administrator adds one with stoa policy set FILE -e ${environment}`;
  }
  const given = approversOf(policy, { service, revision, settings, approval }).length;
  if (given >= rule.approvals) return undefined;
  const keys = differentKeys(rule.keys).map(({ id }) => id);
  const adding = settings === undefined ? "" : ` with its settings (${shortId(settings)})`;
  return `${shortId(revision)} of ${service}${adding} has ${given} of the ${rule.approvals} ${rule.approvals === 1 ? "approval" : "approvals"} that the policy of ${environment} (serial ${serial}) asks for; whoever has a key of ${keys.join(", ")} gives one with stoa approve ${service} ${shortId(revision)} -e ${environment} --key FILE`;
}

/** Why somebody, by the name of a token's owner, may not start rollouts of a service. Who has no rule is not asked here. */
export function whyNotBy(
  policy: Policy,
  { service, person }: { readonly service: string; readonly person: string },
): string | undefined {
  const people = ruleOf(policy, service)?.people ?? [];
  if (people.length === 0 || people.includes(person)) return undefined;
  const { environment, serial } = policy;
  return `${person} may not deploy ${service} to ${environment}: its policy (serial ${serial}) names ${people.join(", ")}; an administrator changes that with stoa policy set FILE -e ${environment}`;
}

/** The ids of the keys that have approved a revision with these settings, and may. */
export function approversOf(
  policy: Policy,
  {
    service,
    revision,
    settings,
    approval,
  }: Pick<Intent, "service" | "revision" | "settings" | "approval">,
): readonly string[] {
  const rule = ruleOf(policy, service);
  if (rule === undefined || approval === undefined) return [];
  const opened = openEnvelope(approval, {
    kind: "approval",
    keys: differentKeys(rule.keys),
    environment: policy.environment,
    nowMs: 0,
  });
  if ("refused" in opened) return [];
  const { document, signers } = opened;
  const isThis =
    document.service === service &&
    document.revision === revision &&
    document.settings === settings;
  return isThis ? signers : [];
}
