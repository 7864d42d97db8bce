// What runs where: every service of every environment at a glance.
import { type Assignment, assignedRevision, matchesTagQuery } from "@stoa/deployment";
import { isoTime } from "../domain/clock.ts";
import type { ServiceSummary } from "../domain/service-summary.ts";
import type { Environments } from "./change-environments.ts";
import type { Revisions } from "./keep-revisions.ts";
import type { Rollouts } from "./keep-rollouts.ts";
import type { KnownMachine, Machines } from "./know-machines.ts";
import { leavingServices } from "./list-leaving-services.ts";

interface ListParts {
  readonly environments: Environments;
  readonly machines: Machines;
  readonly revisions: Revisions;
  readonly rollouts: Rollouts;
}

/** All services, by environment and name; also those that were removed and that machines have not stopped yet. */
export async function listServices(parts: ListParts): Promise<readonly ServiceSummary[]> {
  const summaries: ServiceSummary[] = [...leavingServices(parts)];
  for (const environment of await parts.environments.list()) {
    const index = await parts.environments.read(environment);
    for (const assignment of Object.values(index?.services ?? {})) {
      summaries.push(await summaryOf(parts, environment, assignment));
    }
  }
  return summaries.toSorted((one, other) =>
    `${one.environment} ${one.service}` < `${other.environment} ${other.service}` ? -1 : 1,
  );
}

async function summaryOf(
  { machines, revisions, rollouts }: ListParts,
  environment: string,
  assignment: Assignment,
): Promise<ServiceSummary> {
  const { service, revision, rollout } = assignment;
  const members = machines
    .list(environment)
    .filter(({ record }) => matchesTagQuery(assignment.selector, record.tags));
  const well = members.filter((member) => isWell(member, assignment));
  const moving = rollouts.running(environment, service);
  const begun = rollouts.find(rollout);
  const url = urlOf(well.length > 0 ? well : members, service);
  return {
    service,
    environment,
    revision,
    version: (await revisions.get(service, revision)).revision.version,
    rollout,
    running: well.length,
    machines: members.length,
    state: moving?.rollout.state ?? restingState(members, well, service),
    since: begun === undefined ? "" : isoTime(begun.rollout.startedMs),
    ...(url === undefined ? {} : { url }),
  };
}

function isWell({ record, status, reachable }: KnownMachine, assignment: Assignment): boolean {
  const member = { name: record.machine, tags: record.tags };
  const desired = assignedRevision(assignment, member);
  const service = status?.services[assignment.service];
  return reachable && service?.state === "running" && service.running === desired;
}

function restingState(
  members: readonly KnownMachine[],
  well: readonly KnownMachine[],
  service: string,
): string {
  if (members.length === well.length) return "running";
  if (members.some(({ reachable }) => !reachable)) return "unreachable";
  return members.some(({ status }) => status?.services[service]?.state === "failed")
    ? "failed"
    : "converging";
}

/** Where a service is found: on the first of these machines that says where it listens. */
function urlOf(machines: readonly KnownMachine[], service: string): string | undefined {
  for (const { status, host, record } of machines) {
    const [address] = Object.values(status?.services[service]?.addresses ?? {});
    if (address === undefined) continue;
    if (address.startsWith("unix:")) return address;
    const [, bound = "", port = ""] = /^(.*):(\d+)$/.exec(address) ?? [];
    const isAnywhere = ["", "0.0.0.0", "[::]", "::", "*"].includes(bound);
    const name = isAnywhere ? reachedBy(host ?? record.machine) : reachedBy(bound);
    return `http://${name}:${port}`;
  }
  return undefined;
}

/** An address of this machine is called localhost; an IPv6 address needs brackets. */
function reachedBy(host: string): string {
  const plain = host.replace(/^::ffff:/, "").replace(/^\[(.*)\]$/, "$1");
  if (plain === "::1" || plain.startsWith("127.")) return "localhost";
  return plain.includes(":") ? `[${plain}]` : plain;
}
