// Takes a service away from an environment: its machines stop it, its settings go, its history and revisions stay.
import { type Assignment, freezeOf, type Policy, whyNotBy } from "@stoa/deployment";
import { type Clock, isoTime } from "../domain/clock.ts";
import { ControlFailure } from "../domain/control-failure.ts";
import type { RolloutRecord } from "../domain/rollout-record.ts";
import { type Environments, unknownEnvironment } from "./change-environments.ts";
import type { Policies } from "./keep-policies.ts";
import type { Revisions } from "./keep-revisions.ts";
import type { Rollouts } from "./keep-rollouts.ts";
import { namesOf, type ServiceSettings } from "./keep-settings.ts";
import type { Machines } from "./know-machines.ts";
import { holdersOf } from "./list-leaving-services.ts";
import type { AuditLog } from "./record-audit.ts";
import type { RolloutRunner } from "./run-rollouts.ts";

/** What it is decided and done with. */
export interface RemovalParts {
  readonly environments: Environments;
  readonly machines: Machines;
  readonly revisions: Revisions;
  readonly rollouts: Rollouts;
  readonly runner: RolloutRunner;
  readonly settings: ServiceSettings;
  readonly policies: Policies;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

/** Which service is to go, and who says so. */
export interface RemovalWish {
  readonly environment: string;
  readonly service: string;
  /** The name of a token's owner. */
  readonly owner: string;
}

/** What a removal takes away. */
export interface PlannedRemoval {
  readonly service: string;
  readonly environment: string;
  readonly revision: string;
  readonly version: string;
  /** The one that brought it. */
  readonly rollout: string;
  /** The machines that have it now. */
  readonly machines: readonly string[];
  /** The names of the settings that go with it. */
  readonly settings: readonly string[];
}

/**
 * What a removal would take away. Fails with `not_found` where there is nothing to remove, with `conflict` while a rollout runs,
 * and with `forbidden` where the policy is against it.
 */
export async function planRemoval(parts: RemovalParts, wish: RemovalWish): Promise<PlannedRemoval> {
  const { environment, service } = wish;
  const { revision, rollout } = await assignmentOf(parts, wish);
  parts.runner.checkIdle(environment, service);
  const policy = (await parts.policies.current(environment))?.policy;
  const why = policy === undefined ? undefined : whyNotRemoved(policy, wish, parts.clock.now());
  if (why !== undefined) throw new ControlFailure("forbidden", why);
  const holders = holdersOf(parts.machines, environment, service);
  return {
    service,
    environment,
    revision,
    version: (await parts.revisions.get(service, revision)).revision.version,
    rollout,
    machines: holders.map(({ record }) => record.machine),
    settings: namesOf(await parts.settings.read(environment, service)),
  };
}

/**
 * Removes a service, and gives what it takes away. What is kept of its last rollout says so from then on, and the index follows
 * from that, also where this process dies in between. Fails as `planRemoval` does.
 */
export async function removeService(
  parts: RemovalParts,
  { reason, ...wish }: RemovalWish & { readonly reason: string },
): Promise<PlannedRemoval> {
  const { environment, service, owner } = wish;
  return await parts.runner.amend(environment, service, async (last) => {
    const plan = await planRemoval(parts, wish);
    if (last?.rollout.id !== plan.rollout) throw unknownRollout(plan);
    const { rollout, revision, version, settings } = plan;
    await parts.audit.record(owner, "service.remove", `${environment}/${service}`, {
      rollout,
      revision,
      version,
      settings: settings.join(","),
      reason,
    });
    const record = removed(last, { atMs: parts.clock.now(), owner, reason });
    return { record, told: plan };
  });
}

/** The index that the rollout had asked for is not what is wanted any more. */
function removed(
  record: RolloutRecord,
  removal: NonNullable<RolloutRecord["removed"]>,
): RolloutRecord {
  const { publishedSerial: _, ...rollout } = record.rollout;
  return { ...record, rollout, removed: removal };
}

async function assignmentOf(
  parts: RemovalParts,
  { environment, service }: RemovalWish,
): Promise<Assignment> {
  const index = await parts.environments.read(environment);
  if (index === undefined) throw unknownEnvironment(environment);
  const present = Object.hasOwn(index.services, service) ? index.services[service] : undefined;
  if (present !== undefined) return present;
  throw new ControlFailure(
    "not_found",
    whyUnknown(parts.rollouts, { environment, service }, Object.keys(index.services).toSorted()),
  );
}

function whyUnknown(
  rollouts: Rollouts,
  { environment, service }: Pick<RemovalWish, "environment" | "service">,
  known: readonly string[],
): string {
  const [last] = rollouts.list({ environment, service });
  if (last?.removed !== undefined) {
    const { atMs, owner, reason } = last.removed;
    const why = reason === "" ? "" : ` (${reason})`;
    return `${service} was removed from ${environment} at ${isoTime(atMs)} by ${owner}${why}; stoa deploy brings it there again`;
  }
  const names = known.length === 0 ? "nothing is" : `what is: ${known.join(", ")}`;
  const elsewhere = new Set(rollouts.list({ service }).map(({ rollout }) => rollout.environment));
  const where =
    elsewhere.size === 0 ? "" : `; it was deployed to ${[...elsewhere].toSorted().join(", ")}`;
  return `${service} is not deployed to ${environment}, ${names}${where}`;
}

/** Why it has to stay. A removal starts nothing, and so neither approvals nor the end of a policy are asked about. */
function whyNotRemoved(
  policy: Policy,
  { environment, service, owner }: RemovalWish,
  nowMs: number,
): string | undefined {
  const freeze = freezeOf(policy, service, nowMs);
  if (freeze === undefined) return whyNotBy(policy, { service, person: owner });
  const end = freeze.until === undefined ? "" : ` until ${freeze.until}`;
  return `${environment} is frozen since ${freeze.since}${end} (${freeze.reason}), so ${service} may not be removed from it; an administrator ends the freeze with stoa policy thaw -e ${environment}`;
}

function unknownRollout({ service, environment, rollout }: PlannedRemoval): ControlFailure {
  return new ControlFailure(
    "conflict",
    `nothing is kept of rollout ${rollout}, which brought ${service} to ${environment}; deploy it once more, and remove it then`,
  );
}
