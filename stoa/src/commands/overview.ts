// stoa list | status | machines | why | history
import type { ShownRollout } from "@stoa/control";
import { shortId } from "@stoa/deployment";
import { ControlClient } from "../delivery/control-client.ts";
import { readLogin } from "../delivery/login.ts";
import { ageOf, give, giveJson, giveTable } from "../delivery/terminal.ts";
import type { CommandPlace } from "./deploy.ts";

/** What every command that shows something takes. */
export interface ShowOptions {
  readonly environment?: string;
  readonly json?: boolean;
}

interface Service {
  readonly service: string;
  readonly environment: string;
  readonly version: string;
  readonly revision: string;
  readonly running: number;
  readonly machines: number;
  readonly state: string;
  readonly since: string;
  readonly url?: string;
}

interface Machine {
  readonly machine: string;
  readonly environment: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly os: string;
  readonly arch: string;
  readonly reachable: boolean;
  readonly heardAt?: string;
  readonly via?: "store";
  readonly services: Readonly<
    Record<
      string,
      { running?: string; state: string; step?: string; sentence: string; since: string }
    >
  >;
  readonly decisions?: readonly string[];
}

/** Prints every service of every environment. */
export async function list(place: CommandPlace, { environment, json }: ShowOptions): Promise<void> {
  const services = (await readServices(place)).filter(
    (service) => (environment ?? service.environment) === service.environment,
  );
  if (json === true) {
    giveJson(services);
    return;
  }
  giveTable(
    ["SERVICE", "ENVIRONMENT", "VERSION", "INSTANCES", "STATE", "AGE", "URL"],
    services.map(({ service, environment, version, running, machines, state, since, url }) => [
      service,
      environment,
      version,
      `${running}/${machines}`,
      state,
      ageOf(since),
      url ?? "-",
    ]),
  );
}

/** Prints one service, machine by machine. Exit 1 if it does not run everywhere. */
export async function status(
  place: CommandPlace,
  service: string | undefined,
  { environment, json }: ShowOptions,
): Promise<void> {
  const client = new ControlClient(await readLogin(place.environment));
  const found = (await readServices(place)).filter(
    (one) =>
      (service ?? one.service) === one.service &&
      (environment ?? one.environment) === one.environment,
  );
  if (found.length === 0) throw new Error(nothingOf(service, environment));
  const { machines } = await client.get<{ machines: readonly Machine[] }>("/machines");
  const rows = found.flatMap((one) =>
    machines
      .filter(
        (machine) =>
          machine.environment === one.environment && machine.services[one.service] !== undefined,
      )
      .map((machine) => ({ service: one.service, machine, status: machine.services[one.service] })),
  );
  if (json === true) giveJson({ services: found, machines });
  else {
    giveTable(
      ["SERVICE", "ENVIRONMENT", "MACHINE", "REVISION", "STATE", "AGE", "WHAT"],
      rows.map(({ service: name, machine, status: said }) => [
        name,
        machine.environment,
        machine.machine,
        said?.running === undefined ? "-" : shortId(said.running),
        machine.reachable ? (said?.step ?? said?.state ?? "-") : hearingOf(machine),
        ageOf(said?.since ?? ""),
        said?.sentence ?? "",
      ]),
    );
  }
  const bad = found.find(({ state }) => state !== "running");
  if (bad !== undefined) throw new Error(`${bad.service} in ${bad.environment}: ${bad.state}`);
}

function nothingOf(service: string | undefined, environment: string | undefined): string {
  const where = environment === undefined ? "anywhere" : `to ${environment}`;
  if (service === undefined) return `nothing is deployed ${where} yet; stoa deploy does it`;
  return `${service} is not deployed ${where}; stoa list shows all`;
}

/** Prints all machines. */
export async function machines(
  place: CommandPlace,
  { environment, json }: ShowOptions,
): Promise<void> {
  const client = new ControlClient(await readLogin(place.environment));
  const query = environment === undefined ? "" : `?environment=${encodeURIComponent(environment)}`;
  const { machines: found } = await client.get<{ machines: readonly Machine[] }>(
    `/machines${query}`,
  );
  if (json === true) {
    giveJson(found);
    return;
  }
  giveTable(
    ["MACHINE", "ENVIRONMENT", "SYSTEM", "HEARD", "TAGS", "SERVICES"],
    found.map(({ machine, environment: of, os, arch, reachable, heardAt, tags, services }) => [
      machine,
      of,
      `${os}/${arch}`,
      hearingOf({ reachable, heardAt }),
      Object.entries(tags)
        .map(([key, value]) => `${key}=${value}`)
        .join(" ") || "-",
      Object.keys(services)
        .filter((name) => services[name]?.state !== "stopped")
        .join(" ") || "-",
    ]),
  );
}

/** When it was last heard of. What is known of a machine that is out of reach is as old as that. */
function hearingOf({
  reachable,
  heardAt,
}: {
  readonly reachable: boolean;
  readonly heardAt?: string | undefined;
}): string {
  if (heardAt === undefined) return reachable ? "-" : "unreachable";
  return reachable ? ageOf(heardAt) : `unreachable for ${ageOf(heardAt)}`;
}

/** Prints why a machine runs what it runs. */
export async function why(
  place: CommandPlace,
  machine: string,
  { json }: ShowOptions,
): Promise<void> {
  const client = new ControlClient(await readLogin(place.environment));
  const found = await client.get<Machine>(`/machines/${encodeURIComponent(machine)}/why`);
  if (json === true) {
    giveJson(found);
    return;
  }
  const heard =
    found.heardAt === undefined ? "not heard of yet" : `heard ${ageOf(found.heardAt)} ago`;
  const where = found.via === "store" ? " in the store" : "";
  give(`${machine} in ${found.environment}, ${heard}${where}`);
  for (const [service, { state, sentence, running }] of Object.entries(found.services)) {
    give(`${service}: ${state}${running === undefined ? "" : ` ${shortId(running)}`}: ${sentence}`);
  }
  for (const decision of found.decisions ?? []) give(`  ${decision}`);
}

/** Prints the rollouts of a service, the newest first. */
export async function history(
  place: CommandPlace,
  service: string | undefined,
  { environment, json }: ShowOptions,
): Promise<void> {
  const client = new ControlClient(await readLogin(place.environment));
  const query = new URLSearchParams({
    ...(service === undefined ? {} : { service }),
    ...(environment === undefined ? {} : { environment }),
  });
  const { rollouts } = await client.get<{ rollouts: readonly ShownRollout[] }>(
    `/rollouts?${query}`,
  );
  if (service !== undefined && rollouts.length === 0) {
    throw new Error(`${service} was never deployed; stoa list shows what was`);
  }
  if (json === true) {
    giveJson(rollouts);
    return;
  }
  giveTable(
    [
      "ROLLOUT",
      "SERVICE",
      "ENVIRONMENT",
      "VERSION",
      "REVISION",
      "KIND",
      "STATE",
      "AGE",
      "BY",
      "REASON",
    ],
    rollouts.flatMap(historyRows),
  );
}

/** A rollout, and above it that the service was removed afterwards. */
function historyRows(rollout: ShownRollout): readonly (readonly string[])[] {
  const { id, service, environment, version, revision, kind, removed } = rollout;
  const row = [
    id,
    service,
    environment,
    version,
    shortId(revision),
    kind,
    rollout.held ? "paused" : rollout.state,
    ageOf(rollout.startedAt),
    rollout.owner,
    rollout.reason || rollout.sentence || "-",
  ];
  if (removed === undefined) return [row];
  const { at, owner, reason } = removed;
  const gone = ["-", service, environment, version, shortId(revision), "removal", "removed"];
  return [[...gone, ageOf(at), owner, reason || "-"], row];
}

async function readServices({ environment }: CommandPlace): Promise<readonly Service[]> {
  const client = new ControlClient(await readLogin(environment));
  return (await client.get<{ services: readonly Service[] }>("/services")).services;
}
