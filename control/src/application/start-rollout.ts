// Starts a rollout: everything that can be refused is refused here, before anything is touched.
import { randomBytes } from "node:crypto";
import { formatTagQuery, matchesTagQuery, shortId, type TagQuery } from "@stoa/deployment";
import { type Clock, isoTime } from "../domain/clock.ts";
import { ControlFailure } from "../domain/control-failure.ts";
import type { RolloutRecord } from "../domain/rollout-record.ts";
import { type Environments, unknownEnvironment } from "./change-environments.ts";
import type { KeptRevision, Revisions } from "./keep-revisions.ts";
import type { KnownMachine, Machines } from "./know-machines.ts";
import type { AuditLog } from "./record-audit.ts";
import type { Rollouts } from "./run-rollouts.ts";

/** What is asked for. */
export interface RolloutRequest {
  readonly environment: string;
  readonly service: string;
  /** Its id, or the beginning of it. */
  readonly revision: string;
  readonly kind: RolloutRecord["kind"];
  readonly owner: string;
  readonly reason: string;
  readonly strategy: string;
  /** Absent: as before, or every machine of the environment. */
  readonly selector?: TagQuery | undefined;
  readonly rollsBack: boolean;
  readonly patienceMs: number;
}

interface StartParts {
  readonly environments: Environments;
  readonly machines: Machines;
  readonly revisions: Revisions;
  readonly rollouts: Rollouts;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

/** What became of the request. */
export interface StartedRollout {
  readonly rollout: RolloutRecord;
  /** True if every machine of the group was to run just this already, and nothing was begun. */
  readonly unchanged: boolean;
}

/** Starts a rollout, or says which one has already done what is asked for. */
export async function startRollout(
  parts: StartParts,
  request: RolloutRequest,
): Promise<StartedRollout> {
  const { environment, service } = request;
  const index = await parts.environments.read(environment);
  if (index === undefined) throw unknownEnvironment(environment);
  const present = index.services[service];
  const selector = request.selector ?? present?.selector ?? [];
  const kept = await parts.revisions.get(service, request.revision);
  const members = membersOf(parts.machines, environment, selector);
  checkArchitecture(kept, members);

  const last = parts.rollouts.list({ environment, service })[0];
  const isSame =
    present?.state === "settled" &&
    present.revision === kept.id &&
    formatTagQuery(present.selector) === formatTagQuery(selector);
  if (isSame && request.kind !== "settings" && last?.id === present.rollout) {
    return { rollout: last, unchanged: true };
  }
  const subject = `${environment}/${service}`;
  await parts.audit.record(request.owner, `rollout.${request.kind}`, subject, {
    revision: kept.id,
    version: kept.revision.version,
    strategy: request.strategy,
    reason: request.reason,
  });
  const names = members.map(({ record }) => record.machine);
  const rollout = newRollout(request, kept, { selector, names, now: parts.clock.now() });
  const previous = present?.state === "settled" ? present.revision : present?.previous;
  return {
    rollout: await parts.rollouts.begin(previous === undefined ? rollout : { ...rollout, previous }),
    unchanged: false,
  };
}

/** The machines of a group. Fails with `no_machines`. */
export function membersOf(
  machines: Machines,
  environment: string,
  selector: TagQuery,
): readonly KnownMachine[] {
  const all = machines.list(environment);
  const members = all.filter(({ record }) => matchesTagQuery(selector, record.tags));
  if (members.length > 0) return members;
  const sentence =
    all.length === 0
      ? `no machine has joined ${environment}; on a server: stoa agent --join TOKEN, with a token from: stoa token join --environment ${environment}`
      : `none of the ${all.length} machines of ${environment} has the tags ${formatTagQuery(selector)}; stoa machines shows what they have`;
  throw new ControlFailure("no_machines", sentence);
}

function checkArchitecture(
  { id, revision }: KeptRevision,
  members: readonly KnownMachine[],
): void {
  const other = members.find(
    ({ record }) => record.os !== revision.os || record.arch !== revision.arch,
  );
  if (other === undefined) return;
  const { machine, os, arch } = other.record;
  throw new ControlFailure(
    "bad_request",
    `revision ${shortId(id)} is built for ${revision.os}/${revision.arch}, and ${machine} is ${os}/${arch}; build it for that, or choose other machines by tags`,
  );
}

function newRollout(
  request: RolloutRequest,
  { id, revision }: KeptRevision,
  {
    selector,
    names,
    now,
  }: { readonly selector: TagQuery; readonly names: readonly string[]; readonly now: number },
): RolloutRecord {
  const { environment, service, kind, owner, reason, strategy, rollsBack, patienceMs } = request;
  const at = isoTime(now);
  const time = at.replace(/[-:]|\..*$/g, "").replace("T", "-");
  return {
    format: 1,
    id: `${time}${String(now % 1000).padStart(3, "0")}-${service}-${randomBytes(2).toString("hex")}`,
    environment,
    service,
    revision: id,
    version: revision.version,
    kind,
    owner,
    reason,
    strategy,
    selector,
    rollsBack,
    patienceMs,
    startedAt: at,
    steppedAt: at,
    state: "moving",
    waves: [names],
    open: 1,
    machines: Object.fromEntries(names.map((name) => [name, { outcome: "untouched" as const }])),
    events: [{ number: 1, at, sentence: `${kind} of ${revision.version} to ${names.length} machines` }],
  };
}
