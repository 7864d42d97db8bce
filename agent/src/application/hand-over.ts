// From the process that serves to the one that shall.
import type { Revision, Run } from "@stoa/deployment";
import { shortId } from "@stoa/deployment";
import { AgentFailure } from "../domain/agent-failure.ts";
import type { Launch, ProcessView, SocketRequest } from "../domain/launch.ts";
import { passedOn } from "../domain/passed-on.ts";
import { isSame, type Manner, type Previous, type Target } from "../domain/service-journal.ts";
import { leavesPortOpen, withPort } from "../domain/socket-address.ts";
import {
  end,
  endOthers,
  keptProcess,
  letLeave,
  processesOf,
  untilTheyAcceptNoMore,
} from "./end-processes.ts";
import type { JournalFile } from "./journal-file.ts";
import { type LaunchOrder, planLaunch, portOf } from "./plan-launch.ts";
import { addressesOf, rehearse } from "./rehearse-release.ts";
import { problemOfSuccessor, successorOf } from "./replace-itself.ts";
import type { ServiceParts } from "./service-parts.ts";
import { problemOf } from "./validate-process.ts";

/** A release that is installed and shall serve. */
export interface HandOverOrder {
  readonly target: Target;
  readonly rollout: string;
  readonly serial: number;
  readonly revision: Revision;
  readonly run: Run;
  readonly settings: Readonly<Record<string, string>>;
  /** Fires when something else is wanted. It is obeyed as long as clients have met nothing of the new process. */
  readonly signal: AbortSignal;
  /** Says what is being done, for whoever looks. */
  step(name: string): void;
}

/** How long a process may take to end that has not come to serve. */
const failedGraceMs = 2_000;

/**
 *     rehearse ─> begin ─┬─ shared:  start new ─> validate ─> commit ─> keep new ─> drain old ─> finish
 *                        ├─ own:     drain old ─> start new ─> validate ─> commit ─> keep new ─> finish
 *                        └─ sigusr2: move link ─> old starts new ─> validate ─> commit ─> keep new ─> old leaves ─> finish
 *
 * Fails with a sentence, and then the old process serves: it was never touched, or, where two cannot share a port, it was
 * started again. A crash at any point is taken up by `recover`.
 */
export async function handOver(
  parts: ServiceParts,
  journal: JournalFile,
  order: HandOverOrder,
): Promise<void> {
  const { target, run, step } = order;
  const sockets = await resolveSockets(parts, journal, run);
  await checkUser(parts, order);
  await checkAddresses(parts, journal, sockets);
  if (run.limits?.cpuPercent !== undefined && !parts.supervisor.boundsChildren) {
    parts.note(
      `${parts.service} may use more than ${run.limits.cpuPercent} % of a processor: that limit holds only where systemd runs the processes`,
    );
  }
  const manner = await mannerOf(parts, journal, order);
  await parts.failpoint("rehearsed");
  order.signal.throwIfAborted();
  if (manner === "own" && run.handOff === "overlap" && journal.now.committed !== undefined) {
    parts.note(
      `${parts.service} ${order.revision.version} binds $PORT by itself and cannot share it: old and new process do not overlap, and connections are refused for a moment`,
    );
  }
  const process = await nextId(journal, target);
  const addresses = sockets.map(({ address }) => address);
  const old = await keptProcess(parts);
  const planned = planOf(parts, { ...order, id: process, manner, sockets });
  const running = { old, committed: journal.now.committed };
  const launch = successorOf(parts, { ...order, launch: planned }, running);
  const replacesItself = launch.succession?.after !== undefined;
  await journal.write({
    addresses: [...new Set([...journal.now.addresses, ...addresses])],
    handOver: {
      phase: "begun",
      to: target,
      rollout: order.rollout,
      process,
      ...(replacesItself ? { replacesItself } : {}),
    },
  });
  await parts.failpoint("journal-begun");

  step("switching");
  // Asked again: a keeper that has been replaced meanwhile has not the sockets of what runs.
  const standing = await keptProcess(parts);
  const overlap =
    replacesItself ||
    (canOverlap(order, manner, standing, journal) && mayKeepSockets(parts, standing, sockets));
  if (standing !== undefined && !overlap) {
    await end(parts, standing);
    await parts.failpoint("old-stopped");
  }
  if (!overlap && manner === "own") await parts.supervisor.closeSockets(parts.service, []);
  try {
    if (launch.succession !== undefined) {
      await parts.disk.point(parts.layout.current, `releases/${target.release}`);
      await parts.failpoint("link-moved");
    }
    await startAndValidate(parts, order, { launch, manner, sockets });
  } catch (failure) {
    await undo(parts, journal);
    if (replacesItself && (await keptProcess(parts))?.state !== "running")
      parts.note(
        `the old process of ${parts.service} had left before the new one was proven, and is started again`,
      );
    throw failure;
  }
  await journal.write({
    committed: {
      ...target,
      manner,
      process,
      passesOn: passedOn(launch),
      environment: order.settings,
      serial: order.serial,
      atMs: parts.clock.nowMs(),
    },
    previous: previousOf(journal, target),
    handOver: journal.now.handOver && { ...journal.now.handOver, phase: "committed" },
    refused: undefined,
  });
  await parts.failpoint("journal-committed");
  step("draining");
  await finish(parts, journal);
}

/**
 * Takes up a hand-over that a crash has interrupted: one that was committed is finished, one that had only begun is undone.
 * Does nothing if there is none.
 */
export async function recover(parts: ServiceParts, journal: JournalFile): Promise<void> {
  const { handOver: interrupted } = journal.now;
  if (interrupted === undefined || interrupted.event !== undefined) return;
  const release = shortId(interrupted.to.release);
  if (interrupted.phase === "committed") {
    parts.note(
      `finished the hand-over of ${parts.service} to ${release}, which was interrupted after it had been validated`,
    );
    await finish(parts, journal);
    return;
  }
  parts.note(
    `undid the hand-over of ${parts.service} to ${release}, which was interrupted before it had been validated`,
  );
  await undo(parts, journal);
}

/** Starts the committed release again, say after it was found not to run. Fails with a sentence. */
export async function startCommitted(
  parts: ServiceParts,
  journal: JournalFile,
  { revision, run }: { readonly revision: Revision; readonly run: Run },
): Promise<void> {
  const { committed } = journal.now;
  if (committed === undefined) return;
  const sockets = await resolveSockets(parts, journal, run);
  const process = await nextId(journal, committed);
  const manner = committed.manner === "own" ? "own" : "shared";
  const launch = planOf(parts, {
    id: process,
    target: committed,
    revision,
    run,
    settings: committed.environment,
    sockets,
    manner,
  });
  await parts.supervisor.launch(parts.service, launch);
  await parts.supervisor.keep(parts.service, process);
  await journal.write({ committed: { ...committed, process, passesOn: passedOn(launch) } });
}

/** Where the sockets of the committed process listen, and where they are reached from this machine. */
export async function committedAddresses(
  parts: ServiceParts,
  journal: JournalFile,
  run: Run,
): Promise<{
  readonly listening: ReadonlyMap<string, string>;
  readonly reached: ReadonlyMap<string, string>;
}> {
  const sockets = await resolveSockets(parts, journal, run);
  const manner = journal.now.committed?.manner === "own" ? "own" : "shared";
  return {
    listening: new Map(sockets.map(({ name, address }) => [name, address])),
    reached: addressesOf(manner, sockets, portsOf(sockets)),
  };
}

/** The way back is short: what has served here before with the same settings is not rehearsed once more. */
async function mannerOf(
  parts: ServiceParts,
  journal: JournalFile,
  order: HandOverOrder,
): Promise<Manner> {
  const { previous } = journal.now;
  if (previous?.manner !== undefined && isSame(order.target, previous)) return previous.manner;
  order.step("rehearsing");
  return await rehearse(parts, {
    ...order,
    id: await nextId(journal, order.target),
    layout: parts.layout,
  });
}

/** A process that serves. */
function planOf(
  { layout, supervisor: { followsSuccession } }: ServiceParts,
  order: Pick<
    LaunchOrder,
    "id" | "target" | "revision" | "run" | "settings" | "sockets" | "manner"
  >,
): Launch {
  const ports = portsOf(order.sockets);
  return planLaunch({ ...order, layout, ports, rehearsal: false, followsSuccession });
}

async function startAndValidate(
  parts: ServiceParts,
  { revision, run, step }: HandOverOrder,
  {
    launch,
    manner,
    sockets,
  }: { launch: Launch; manner: Manner; sockets: readonly SocketRequest[] },
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

async function checkUser({ permissions }: ServiceParts, { run }: HandOverOrder): Promise<void> {
  if (run.user === undefined) return;
  const problem = await permissions.problemWith({ owner: run.user });
  if (problem !== undefined) throw new AgentFailure("cannot_start", problem);
}

/** Refuses an address that a stranger has, before anything is touched. */
async function checkAddresses(
  { probe, service }: ServiceParts,
  { now }: JournalFile,
  sockets: readonly SocketRequest[],
): Promise<void> {
  for (const { address } of sockets) {
    if (now.addresses.includes(address)) continue;
    const holder = await probe.holderOf(address);
    if (holder === undefined) continue;
    throw new AgentFailure(
      "address_in_use",
      `${address} is taken by ${holder}; end that, or give ${service} another port (stoa.toml: port)`,
    );
  }
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

/** After the commit: every step may be repeated. */
async function finish(parts: ServiceParts, journal: JournalFile): Promise<void> {
  const { disk, layout, supervisor, service, failpoint } = parts;
  const { committed, previous, handOver: finished } = journal.now;
  if (committed === undefined || finished === undefined) return;
  await disk.point(layout.current, `releases/${committed.release}`);
  if (previous !== undefined) await disk.point(layout.previous, `releases/${previous.release}`);
  await failpoint("link-switched");
  const views = await processesOf(parts);
  const fresh = views.find(({ id }) => id === committed.process);
  if (fresh !== undefined && fresh.state !== "gone")
    await supervisor.keep(service, committed.process);
  await failpoint("new-kept");
  const ports = journal.now.addresses.map(portOf);
  const leaving = { views, but: committed.process, ports };
  if (finished.replacesItself === true) await letLeave(parts, leaving);
  await endOthers(parts, [committed.process]);
  await failpoint("old-asked-to-drain");
  await untilTheyAcceptNoMore(parts, leaving);
  const addresses = fresh?.sockets.map(({ address }) => address) ?? [];
  await supervisor.closeSockets(service, addresses);
  await failpoint("old-drained");
  await journal.write({ handOver: undefined });
  await failpoint("journal-done");
}

/** Ends what was new. Where nothing serves then, repair starts what was committed. */
async function undo(parts: ServiceParts, journal: JournalFile): Promise<void> {
  const { committed } = journal.now;
  const { disk, layout } = parts;
  if (committed === undefined) await disk.remove(layout.current);
  else await disk.point(layout.current, `releases/${committed.release}`);
  for (const view of await processesOf(parts)) {
    if (view.id === committed?.process || view.state === "gone") continue;
    await end(parts, view, failedGraceMs);
  }
  const held = committed === undefined ? [] : (await keptProcess(parts))?.sockets;
  if (held !== undefined)
    await parts.supervisor.closeSockets(
      parts.service,
      held.map(({ address }) => address),
    );
  await journal.write({
    handOver: undefined,
    ...(committed === undefined ? { addresses: [] } : {}),
  });
}

function previousOf(
  { now: { committed, previous } }: JournalFile,
  { release }: Target,
): Previous | undefined {
  if (committed === undefined || committed.release === release) return previous;
  const { settings, manner } = committed;
  return {
    release: committed.release,
    settings,
    ...(manner === "scripts" ? {} : { manner }),
  };
}

/** Two processes overlap only if both take their sockets from the keeper, and the keeper has them. */
function canOverlap(
  { run }: HandOverOrder,
  manner: Manner,
  old: ProcessView | undefined,
  journal: JournalFile,
): boolean {
  if (run.handOff === "restart" || manner === "own") return false;
  return journal.now.committed?.manner !== "own" && old?.adopted !== true;
}

/** A supervisor that cannot open some sockets while others are in use must have the old process ended before. */
function mayKeepSockets(
  { supervisor, service, note }: ServiceParts,
  old: ProcessView | undefined,
  sockets: readonly SocketRequest[],
): boolean {
  const addresses = (all: readonly SocketRequest[]): string =>
    all.map(({ address }) => address).join(", ");
  if (old === undefined || supervisor.canHave(sockets, old.sockets)) return true;
  note(
    `${service} is to listen on ${addresses(sockets)} instead of ${addresses(old.sockets)}, of which systemd cannot open some while it keeps others: its old process ends before, and connections are refused for a moment`,
  );
  return false;
}

/** The sockets with real ports. A port that was left open is chosen once. */
async function resolveSockets(
  { probe }: ServiceParts,
  journal: JournalFile,
  { sockets }: Run,
): Promise<readonly SocketRequest[]> {
  const resolved: SocketRequest[] = [];
  for (const { name, address } of sockets) {
    if (!leavesPortOpen(address)) {
      resolved.push({ name, address });
      continue;
    }
    const port = journal.now.ports[name] ?? (await probe.freePort());
    if (journal.now.ports[name] === undefined) {
      await journal.write({ ports: { ...journal.now.ports, [name]: port } });
    }
    resolved.push({ name, address: withPort(address, port) });
  }
  return resolved;
}

function portsOf(sockets: readonly SocketRequest[]): readonly (number | undefined)[] {
  return sockets.map(({ address }) => portOf(address));
}

async function nextId(journal: JournalFile, { release }: Target): Promise<string> {
  const launches = journal.now.launches + 1;
  await journal.write({ launches });
  return `${shortId(release)}-${launches}`;
}
