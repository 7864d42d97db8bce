// What may be changed in a policy, and the policy that comes of it. Pure: what it is signed with is not known here.
import { freezeOf, type Policy, type Rule } from "@stoa/deployment";
import { isoTime } from "./clock.ts";
import { ControlFailure } from "./control-failure.ts";

/** What is asked for. */
export type PolicyChange =
  | {
      readonly kind: "set";
      readonly rules: readonly Rule[];
      /** Lines of public keys; absent: as before, or the server's own. */
      readonly administrators?: readonly string[] | undefined;
      readonly quorum?: number | undefined;
      /** Absent: as long as before, or a year. */
      readonly lifetimeMs?: number | undefined;
    }
  | {
      readonly kind: "freeze";
      readonly until?: string | undefined;
      /** Empty: all. */
      readonly services: readonly string[];
    }
  | { readonly kind: "thaw" }
  | { readonly kind: "override"; readonly service: string; readonly revision: string }
  | { readonly kind: "renew" };

/** In which circumstances. */
export interface PolicyMoment {
  readonly environment: string;
  /** The line of the key with which the server signs indexes. */
  readonly serverKey: string;
  /** The ids of the revisions that run, or can be gone back to, by service. */
  readonly runs: Readonly<Record<string, readonly string[]>>;
  readonly by: string;
  readonly reason: string;
  readonly nowMs: number;
}

const usualLifetimeMs = 365 * 24 * 3_600_000;

/** The policy after the present one. Fails with `conflict` if there is nothing to be changed in that way. */
export function changedPolicy(
  present: Policy | undefined,
  change: PolicyChange,
  moment: PolicyMoment,
): Policy {
  const before = present ?? firstPolicy(moment);
  const next = withChange(before, change, moment);
  return {
    ...next,
    serial: (present?.serial ?? 0) + 1,
    issuedAt: isoTime(moment.nowMs),
    notAfter: isoTime(moment.nowMs + lifetimeOf(before, change)),
  };
}

/** Nobody is forbidden anything, and the server signs. */
function firstPolicy({ environment, serverKey, nowMs }: PolicyMoment): Policy {
  return {
    format: 1,
    environment,
    serial: 1,
    issuedAt: isoTime(nowMs),
    notAfter: isoTime(nowMs + usualLifetimeMs),
    keys: [serverKey],
    threshold: 1,
    administrators: [serverKey],
    quorum: 1,
    rules: [],
  };
}

function withChange(policy: Policy, change: PolicyChange, moment: PolicyMoment): Policy {
  const { environment, reason, by, runs, nowMs } = moment;
  const { freeze, ...rest } = policy;
  switch (change.kind) {
    case "renew":
      return policy;
    case "thaw":
      if (freeze !== undefined) return rest;
      throw new ControlFailure("conflict", `${environment} is not frozen`);
    case "freeze": {
      // Who freezes again changes for how long and for what more; what ran before the first time stays what may run.
      const kept = freeze ?? { since: isoTime(nowMs), runs, overrides: [] };
      const { since, runs: ran, overrides } = kept;
      const until = change.until === undefined ? {} : { until: change.until };
      const { services } = change;
      requireAllFrozen(policy, services, moment);
      return { ...rest, freeze: { reason, since, ...until, services, runs: ran, overrides } };
    }
    case "override": {
      const { service, revision } = change;
      if (freeze === undefined || freezeOf(policy, service, nowMs) === undefined) {
        throw new ControlFailure(
          "conflict",
          `${environment} is not frozen for ${service}, so nothing has to be let pass; stoa policy -e ${environment} shows what holds`,
        );
      }
      const override = { service, revision, by, reason, at: isoTime(nowMs) };
      return { ...rest, freeze: { ...freeze, overrides: [...freeze.overrides, override] } };
    }
    case "set": {
      const { rules, administrators = policy.administrators, quorum } = change;
      // Other administrators are asked for one signature unless it is said how many.
      const isSame = change.administrators === undefined;
      return { ...policy, rules, administrators, quorum: quorum ?? (isSame ? policy.quorum : 1) };
    }
  }
}

/** A freeze must not end for a service because another one is frozen: `thaw` is said aloud. */
function requireAllFrozen(
  policy: Policy,
  services: readonly string[],
  { environment, nowMs }: PolicyMoment,
): void {
  const { freeze } = policy;
  if (freeze === undefined || services.length === 0) return;
  const isOver = freeze.until !== undefined && Date.parse(freeze.until) <= nowMs;
  const loose = freeze.services.filter((service) => !services.includes(service));
  if (isOver || (freeze.services.length > 0 && loose.length === 0)) return;
  const what = freeze.services.length === 0 ? "altogether" : `for ${freeze.services.join(", ")}`;
  throw new ControlFailure(
    "conflict",
    `${environment} is frozen ${what}, which would end by this: name all services that are to be frozen, or end it first with stoa policy thaw -e ${environment}`,
  );
}

function lifetimeOf({ issuedAt, notAfter }: Policy, change: PolicyChange): number {
  const asked = change.kind === "set" ? change.lifetimeMs : undefined;
  return asked ?? Date.parse(notAfter) - Date.parse(issuedAt);
}
