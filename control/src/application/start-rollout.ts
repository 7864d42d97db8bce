// Starts a rollout: everything that can be refused is refused here, before anything is touched.
import { randomBytes } from "node:crypto";
import {
  type Assignment,
  canonicalJson,
  DocumentProblem,
  defaultRules,
  type EnvironmentIndex,
  startRollout as firstStep,
  formatTagQuery,
  matchesTagQuery,
  parseStrategy,
  type RolloutRules,
  type RolloutStep,
  type Settings,
  type Strategy,
  settingsDigest,
  shortId,
  type TagQuery,
} from "@stoa/deployment";
import { type Clock, isoTime } from "../domain/clock.ts";
import { ControlFailure } from "../domain/control-failure.ts";
import type { RolloutKind, RolloutRecord } from "../domain/rollout-record.ts";
import { type Environments, unknownEnvironment } from "./change-environments.ts";
import type { Approvals } from "./give-approvals.ts";
import type { Policies } from "./keep-policies.ts";
import type { KeptRevision, Revisions } from "./keep-revisions.ts";
import type { Rollouts } from "./keep-rollouts.ts";
import type { ServiceSettings } from "./keep-settings.ts";
import type { KnownMachine, Machines } from "./know-machines.ts";
import { checkPolicy } from "./obey-policies.ts";
import type { AuditLog } from "./record-audit.ts";
import type { RolloutRunner } from "./run-rollouts.ts";

/** What is asked for. */
export interface RolloutRequest {
  readonly environment: string;
  readonly service: string;
  /** Its id, or the beginning of it. */
  readonly revision: string;
  readonly kind: RolloutKind;
  /** The environment that it is promoted from. */
  readonly from?: string | undefined;
  readonly owner: string;
  readonly reason: string;
  /** As `parseStrategy` reads it; absent: the usual one, and for a way back that of the rollout which is undone. */
  readonly strategy?: string | undefined;
  /** Absent: as before, or every machine of the environment. */
  readonly selector?: TagQuery | undefined;
  readonly stopAt?: RolloutRules["stopAt"] | undefined;
  readonly rollBack?: boolean | undefined;
  readonly bakeMs?: number | undefined;
  readonly deadlineMs?: number | undefined;
}

interface StartParts {
  readonly environments: Environments;
  readonly machines: Machines;
  readonly revisions: Revisions;
  readonly rollouts: Rollouts;
  readonly runner: RolloutRunner;
  readonly settings: ServiceSettings;
  readonly policies: Policies;
  readonly approvals: Approvals;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

/** What became of the request. */
export interface StartedRollout {
  readonly record: RolloutRecord;
  /** True if the group was to run just this already, and nothing was begun. */
  readonly unchanged: boolean;
}

/** Starts a rollout, or says which one has already done what is asked for. */
export async function startRollout(
  parts: StartParts,
  asked: RolloutRequest,
): Promise<StartedRollout> {
  const request: RolloutRequest =
    asked.from === undefined ? asked : { ...asked, kind: "promotion" };
  const { environment, service } = request;
  const index = await parts.environments.read(environment);
  if (index === undefined) throw unknownEnvironment(environment);
  const kept = await parts.revisions.get(service, request.revision);
  const proven = await provenAt(parts, request.from, kept);
  const selector =
    request.selector ?? selectorBefore(parts, request, index) ?? proven?.selector ?? [];
  checkArchitecture(kept, membersOf(parts.machines, environment, selector));
  const rules = rulesOf(request, strategyToUndo(parts, request, index));

  const settings = await parts.settings.read(environment, service);
  const chosen = { kept, selector, settings };
  const done = await alreadyDone(parts, request, { ...chosen, index });
  if (done !== undefined) return { record: done, unchanged: true };
  await checkPolicy(parts, {
    ...request,
    revision: kept.id,
    settings: settingsDigest(settings),
    person: request.owner,
  });
  const record = await parts.runner.begin(environment, service, async () => {
    const begun = await begin(parts, request, { ...chosen, rules });
    await parts.audit.record(
      request.owner,
      `rollout.${request.kind}`,
      `${environment}/${service}`,
      {
        rollout: begun.record.rollout.id,
        revision: kept.id,
        version: kept.revision.version,
        ...(request.from === undefined ? {} : { from: request.from }),
        reason: request.reason,
      },
    );
    return begun;
  });
  return { record, unchanged: false };
}

/** On which machines it was; undefined where it is not, unless that is to be undone. */
function selectorBefore(
  { rollouts }: StartParts,
  { environment, service, kind }: RolloutRequest,
  { services }: EnvironmentIndex,
): TagQuery | undefined {
  const [last] = kind === "rollback" ? rollouts.list({ environment, service }) : [];
  return services[service]?.selector ?? last?.rollout.selector;
}

/** What the environment that is promoted from says of the service. Fails with `conflict` unless all of it runs just this. */
async function provenAt(
  { environments }: StartParts,
  from: string | undefined,
  { id, revision: { service, version } }: KeptRevision,
): Promise<Assignment | undefined> {
  if (from === undefined) return undefined;
  const index = await environments.read(from);
  if (index === undefined) throw unknownEnvironment(from);
  const assignment = index.services[service];
  if (assignment?.state === "settled" && assignment.revision === id) return assignment;
  const runs =
    assignment?.state === "settled"
      ? `runs ${shortId(assignment.revision)}`
      : assignment === undefined
        ? `does not run ${service}`
        : "is in the middle of a rollout";
  throw new ControlFailure(
    "conflict",
    `${service} ${version} (${shortId(id)}) cannot be promoted from ${from}, which ${runs}; deploy it there first`,
  );
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
      ? `no machine has joined ${environment}; make a token with: stoa token join --environment ${environment}`
      : `none of the ${all.length} machines of ${environment} has the tags ${formatTagQuery(selector)}; stoa machines shows what they have`;
  throw new ControlFailure("no_machines", sentence);
}

function checkArchitecture({ id, revision }: KeptRevision, members: readonly KnownMachine[]): void {
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

/** What came all at once may go all at once: the way back is no slower than the way there was. */
function strategyToUndo(
  { rollouts }: StartParts,
  { kind, service }: RolloutRequest,
  { services }: EnvironmentIndex,
): Strategy {
  const present = services[service];
  const undone =
    kind === "rollback" && present !== undefined ? rollouts.find(present.rollout) : undefined;
  return undone?.rollout.rules.strategy ?? defaultRules.strategy;
}

function rulesOf(
  { strategy, stopAt, rollBack, bakeMs, deadlineMs }: RolloutRequest,
  usual: Strategy,
): RolloutRules {
  return {
    ...defaultRules,
    strategy: strategy === undefined ? usual : said(() => parseStrategy(strategy)),
    ...(stopAt === undefined ? {} : { stopAt }),
    ...(rollBack === undefined ? {} : { rollBack }),
    ...(bakeMs === undefined ? {} : { bakeMs }),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
  };
}

interface Chosen {
  readonly kept: KeptRevision;
  readonly selector: TagQuery;
  /** Read once: what the policy was asked about is what goes out. */
  readonly settings: Settings;
}

/** The rollout that has brought the group to just this state, if nothing has changed since. */
async function alreadyDone(
  { rollouts }: StartParts,
  { environment, service }: RolloutRequest,
  { index, kept, selector, settings }: Chosen & { readonly index: EnvironmentIndex },
): Promise<RolloutRecord | undefined> {
  const present = index.services[service];
  if (present?.state !== "settled" || present.revision !== kept.id) return undefined;
  const wanted = { selector, settings };
  const is = { selector: present.selector, settings: present.settings };
  if (canonicalJson(wanted) !== canonicalJson(is)) return undefined;
  const [last] = rollouts.list({ environment, service });
  const isLast = last?.rollout.id === present.rollout && last.rollout.state === "succeeded";
  return isLast ? last : undefined;
}

async function begin(
  parts: StartParts,
  request: RolloutRequest,
  { kept, selector, settings, rules }: Chosen & { readonly rules: RolloutRules },
): Promise<{ readonly record: RolloutRecord; readonly step: RolloutStep }> {
  const { environment, service, kind, owner, reason } = request;
  const current = (await parts.environments.read(environment))?.services[service];
  const atMs = parts.clock.now();
  const step = said(() =>
    firstStep({
      id: newId(service, Math.max(atMs, afterLast(parts.rollouts, environment, service))),
      environment,
      service,
      revision: kept.id,
      selector,
      settings,
      rules,
      owner,
      reason,
      ...(current === undefined ? {} : { current }),
      machines: parts.machines.list(environment).map(({ record, status, lastSignMs }) => {
        const state = status?.services[service]?.state;
        const health =
          state === "running" ? "healthy" : state === "failed" ? "unhealthy" : "unknown";
        return { name: record.machine, tags: record.tags, heardMs: lastSignMs, health };
      }),
      atMs,
    }),
  );
  const { version } = kept.revision;
  return { record: { format: 1, rollout: step.rollout, version, kind, notes: [] }, step };
}

/** A clock that was set back must not let a rollout look older than the one before it. */
function afterLast(rollouts: Rollouts, environment: string, service: string): number {
  const [last] = rollouts.list({ environment, service });
  return last === undefined ? 0 : last.rollout.startedMs + 1;
}

/** Sorts by time, and is unlike any other. */
function newId(service: string, now: number): string {
  const time = isoTime(now)
    .replace(/[-:.Z]/g, "")
    .replace("T", "-");
  return `${time}-${service}-${randomBytes(2).toString("hex")}`;
}

/** What the words of delivery refuse is the caller's to mend. */
function said<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof DocumentProblem)) throw cause;
    throw new ControlFailure("bad_request", cause.message, { cause });
  }
}
