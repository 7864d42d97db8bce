// Starts an installed release as the process that serves.
import type { Revision, Run } from "@stoa/deployment";
import { AgentFailure } from "../domain/agent-failure.ts";
import type { Launch, SocketRequest } from "../domain/launch.ts";
import { passedOn } from "../domain/passed-on.ts";
import type { Manner } from "../domain/service-journal.ts";
import type { JournalFile } from "./journal-file.ts";
import { type LaunchOrder, planLaunch } from "./plan-launch.ts";
import { addressesOf } from "./rehearse-release.ts";
import { problemOfSuccessor } from "./replace-itself.ts";
import { portsOf, resolveSockets } from "./resolve-sockets.ts";
import type { ServiceParts } from "./service-parts.ts";
import { problemOf } from "./validate-process.ts";

/** A revision that is installed, and how it runs. */
export interface RunnableRelease {
  readonly revision: Revision;
  readonly run: Run;
}

/** A process that shall serve, and how it comes to its sockets. */
export interface ServingProcess {
  readonly launch: Launch;
  readonly manner: Manner;
  readonly sockets: readonly SocketRequest[];
}

/** The process that shall serve. */
export function planServing(
  { layout, supervisor: { followsSuccession } }: ServiceParts,
  order: Pick<
    LaunchOrder,
    "id" | "target" | "revision" | "run" | "settings" | "sockets" | "manner"
  >,
): Launch {
  const ports = portsOf(order.sockets);
  return planLaunch({ ...order, layout, ports, rehearsal: false, followsSuccession });
}

/** The process that should run, as it is started when it does not. */
export async function committedLaunch(
  parts: ServiceParts,
  journal: JournalFile,
  { revision, run }: RunnableRelease,
): Promise<Launch | undefined> {
  const { committed } = journal.now;
  if (committed === undefined) return undefined;
  return planServing(parts, {
    id: committed.process,
    target: committed,
    revision,
    run,
    settings: committed.environment,
    sockets: await resolveSockets(parts, journal, run),
    manner: committed.manner === "own" ? "own" : "shared",
  });
}

/** Starts the committed release again, say after it was found not to run. Fails with a sentence. */
export async function startCommitted(
  parts: ServiceParts,
  journal: JournalFile,
  what: RunnableRelease,
): Promise<void> {
  const planned = await committedLaunch(parts, journal, what);
  const { committed } = journal.now;
  if (planned === undefined || committed === undefined) return;
  const process = await journal.nextProcess(committed);
  const launch = { ...planned, id: process };
  await parts.supervisor.launch(parts.service, launch);
  await parts.supervisor.keep(parts.service, process);
  await journal.write({ committed: { ...committed, process, passesOn: passedOn(launch) } });
}

/** Starts a process, and waits until it has shown that it serves. Fails with `failed_start`. */
export async function startAndValidate(
  parts: ServiceParts,
  { revision, run, step }: RunnableRelease & { step(name: string): void },
  { launch, manner, sockets }: ServingProcess,
): Promise<void> {
  await parts.supervisor.launch(parts.service, launch);
  await parts.failpoint("new-started");
  step("validating");
  const addresses = addressesOf(manner, sockets, portsOf(sockets));
  const problem =
    (await problemOfSuccessor(parts, { launch, revision, run })) ??
    (await problemOf(parts, { id: launch.id, run, addresses }));
  if (problem !== undefined) {
    const faster = manner === "own" ? await whoWasFaster(parts, launch.id, sockets) : "";
    throw new AgentFailure("failed_start", `it ${problem}${faster}`);
  }
  await parts.failpoint("new-validated");
}

/** A program that could not bind its port says so in its log at best; who has it now is worth a word. */
async function whoWasFaster(
  { supervisor, probe, service }: ServiceParts,
  process: string,
  sockets: readonly SocketRequest[],
): Promise<string> {
  const view = await supervisor.wait(service, process, "gone", 0);
  if (view.state !== "gone") return "";
  for (const { address } of sockets) {
    const holder = await probe.holderOf(address);
    if (holder !== undefined) return `; ${address} is taken by ${holder}`;
  }
  return "";
}
