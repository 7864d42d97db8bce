// stoa remove: a service that should not run in an environment any more.
import { setTimeout as wait } from "node:timers/promises";
import { shortId } from "@stoa/deployment";
import { nearestName } from "../config/nearest-name.ts";
import { ControlClient, ControlRefusal, isOutage } from "../delivery/control-client.ts";
import { readLogin } from "../delivery/login.ts";
import { give, giveJson, marked, say } from "../delivery/terminal.ts";
import type { CommandPlace } from "./deploy.ts";

/** What the command line says. */
export interface RemoveServiceOptions {
  readonly environment: string;
  /** Without it nothing is removed. */
  readonly yes?: boolean;
  readonly reason?: string;
  /** How long machines may take to stop it, in seconds. */
  readonly patience: number;
  readonly json?: boolean;
}

interface Removal {
  readonly service: string;
  readonly environment: string;
  readonly revision: string;
  readonly version: string;
  readonly machines: readonly string[];
  readonly settings: readonly string[];
}

interface Machine {
  readonly machine: string;
  readonly reachable: boolean;
  readonly services: Readonly<
    Record<string, { readonly state: string; readonly sentence: string }>
  >;
}

const lookMs = 300;

/**
 * Says what a removal takes away; with `--yes` does it, and waits until the machines that can be reached have stopped the
 * service. Throws a sentence if there is no such service, or if one of them has not stopped it in time.
 */
export async function removeService(
  place: CommandPlace,
  service: string,
  options: RemoveServiceOptions,
): Promise<void> {
  const { environment, yes = false, reason = "", json = false } = options;
  const client = new ControlClient(await readLogin(place.environment));
  const path = `/environments/${encodeURIComponent(environment)}/services/${encodeURIComponent(service)}/removal`;
  const planned = await client.get<Removal>(path).catch(async (failure: unknown) => {
    throw await withNearest(client, failure, { service, environment });
  });
  if (!yes) {
    if (json) giveJson({ ...planned, removed: false, remaining: planned.machines });
    else {
      give(`would remove ${described(planned)}`);
      give("nothing has been removed: add --yes to do it");
    }
    return;
  }
  const removed = await client.post<Removal>(path, { reason });
  say(`removed ${described(removed)}`);
  const holders = await whenStopped(client, removed, options.patience * 1000);
  if (json) giveJson({ ...removed, removed: true, remaining: holders.map((one) => one.machine) });
  showEnd(removed, holders);
}

function described({ service, version, revision, environment, ...gone }: Removal): string {
  const stop =
    gone.machines.length === 0 ? "no machine has it" : `${gone.machines.join(", ")} to stop it`;
  const forgotten =
    gone.settings.length === 0 ? "" : `; its settings ${gone.settings.join(", ")} are forgotten`;
  return `${service} ${version} (${shortId(revision)}) from ${environment}: ${stop}${forgotten}`;
}

/** The machines that still have the service when no reachable one does, or when it has taken too long. */
async function whenStopped(
  client: ControlClient,
  { service, environment }: Removal,
  patienceMs: number,
): Promise<readonly Machine[]> {
  const path = `/machines?environment=${encodeURIComponent(environment)}`;
  let before: readonly string[] | undefined;
  for (const end = performance.now() + patienceMs; ; ) {
    const isLate = performance.now() > end;
    try {
      const { machines } = await client.get<{ machines: readonly Machine[] }>(path);
      const holders = machines.filter((machine) => holds(machine, service));
      const names = holders.map(({ machine }) => machine);
      for (const name of (before ?? []).filter((one) => !names.includes(one)))
        say(`${name} has stopped it`);
      before = names;
      if (isLate || holders.every(({ reachable }) => !reachable)) return holders;
    } catch (failure) {
      if (isLate || !isOutage(failure)) throw failure;
    }
    await wait(lookMs);
  }
}

function holds({ services }: Machine, service: string): boolean {
  const state = Object.hasOwn(services, service) ? services[service]?.state : undefined;
  return state !== undefined && state !== "stopped";
}

function showEnd({ service, environment }: Removal, holders: readonly Machine[]): void {
  const late = holders.find(({ reachable }) => reachable);
  if (late !== undefined) {
    const { machine } = late;
    throw new Error(
      `${service} is removed, and ${machine} has not stopped it yet (${late.services[service]?.sentence}); stoa why ${machine} shows what it does, and stoa list when it is gone`,
    );
  }
  if (holders.length > 0) {
    const names = holders.map(({ machine }) => machine).join(", ");
    say(`out of reach: ${names}; they stop it as soon as they are back`);
  }
  say(`${marked("✓", "green")} ${service} is not in ${environment} any more`);
}

/** The refusal of a name that is not known, with the one that was probably meant. */
async function withNearest(
  client: ControlClient,
  failure: unknown,
  { service, environment }: Pick<Removal, "service" | "environment">,
): Promise<unknown> {
  if (!(failure instanceof ControlRefusal) || failure.status !== 404) return failure;
  const { services } = await client.get<{ services: readonly Omit<Removal, "machines">[] }>(
    "/services",
  );
  const names = services
    .filter((one) => one.environment === environment && one.service !== service)
    .map((one) => one.service);
  const nearest = nearestName(service, names);
  return nearest === undefined
    ? failure
    : new Error(`${failure.message}; ${nearest} is probably meant`, { cause: failure });
}
