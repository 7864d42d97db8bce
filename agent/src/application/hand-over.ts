// From the process that serves to the one that shall.
import type { Revision, Run } from "@stoa/deployment";
import type { Launch, ProcessView, SocketRequest } from "../domain/launch.ts";
import { passedOn } from "../domain/passed-on.ts";
import { isSame, type Manner, type Previous, type Target } from "../domain/service-journal.ts";
import { canBeBeside } from "../domain/socket-sets.ts";
import { checkHandOver } from "./check-hand-over.ts";
import { end, keptProcess } from "./end-processes.ts";
import { finish, undo } from "./finish-hand-over.ts";
import type { JournalFile } from "./journal-file.ts";
import { rehearse } from "./rehearse-release.ts";
import { successorOf } from "./replace-itself.ts";
import { resolveSockets } from "./resolve-sockets.ts";
import type { ServiceParts } from "./service-parts.ts";
import { planServing, type ServingProcess, startAndValidate } from "./start-release.ts";

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
  const { run, step } = order;
  const sockets = await resolveSockets(parts, journal, run);
  await checkHandOver(parts, journal, { run, sockets });
  const manner = await mannerOf(parts, journal, order);
  await parts.failpoint("rehearsed");
  order.signal.throwIfAborted();
  if (manner === "own" && run.handOff === "overlap" && journal.now.committed !== undefined) {
    parts.note(
      `${parts.service} ${order.revision.version} binds $PORT by itself and cannot share it: old and new process do not overlap, and connections are refused for a moment`,
    );
  }
  const fresh = await begin(parts, journal, order, { manner, sockets });
  step("switching");
  await makeWay(parts, journal, run, fresh);
  await bringUp(parts, journal, order, fresh);
  await commit(parts, journal, order, fresh);
  step("draining");
  await finish(parts, journal);
}

/** Plans the new process and writes it down, so that a crash from now on is taken up. */
async function begin(
  parts: ServiceParts,
  journal: JournalFile,
  order: HandOverOrder,
  { manner, sockets }: Pick<ServingProcess, "manner" | "sockets">,
): Promise<ServingProcess> {
  const { target, rollout } = order;
  const process = await journal.nextProcess(target);
  const old = await keptProcess(parts);
  const planned = planServing(parts, { ...order, id: process, manner, sockets });
  const running = { old, committed: journal.now.committed };
  const launch = successorOf(parts, { ...order, launch: planned }, running);
  await journal.write({
    addresses: [...new Set([...journal.now.addresses, ...addressesIn(sockets)])],
    handOver: {
      phase: "begun",
      to: target,
      rollout,
      process,
      ...(replacesItself(launch) ? { replacesItself: true } : {}),
    },
  });
  await parts.failpoint("journal-begun");
  return { launch, manner, sockets };
}

/** Where the old process cannot be beside the new one, it ends before, and what it listened on is closed. */
async function makeWay(
  parts: ServiceParts,
  journal: JournalFile,
  run: Run,
  { launch, manner, sockets }: ServingProcess,
): Promise<void> {
  // Asked again: a keeper that has been replaced meanwhile has not the sockets of what runs.
  const standing = await keptProcess(parts);
  const overlap =
    replacesItself(launch) ||
    (canOverlap(run, manner, standing, journal) && mayKeepSockets(parts, standing, sockets));
  if (overlap) return;
  if (standing !== undefined) {
    await end(parts, standing);
    await parts.failpoint("old-stopped");
  }
  await parts.supervisor.closeSockets(parts.service, manner === "own" ? [] : addressesIn(sockets));
}

/** Starts the new process and waits until it has shown that it serves. Where it has not, the old one serves again. */
async function bringUp(
  parts: ServiceParts,
  journal: JournalFile,
  order: HandOverOrder,
  fresh: ServingProcess,
): Promise<void> {
  try {
    if (fresh.launch.succession !== undefined) {
      await parts.disk.point(parts.layout.current, `releases/${order.target.release}`);
      await parts.failpoint("link-moved");
    }
    await startAndValidate(parts, order, fresh);
  } catch (failure) {
    await undo(parts, journal);
    if (replacesItself(fresh.launch) && (await keptProcess(parts))?.state !== "running")
      parts.note(
        `the old process of ${parts.service} had left before the new one was proven, and is started again`,
      );
    throw failure;
  }
}

/** From here on the new process is what should run, whatever happens. */
async function commit(
  parts: ServiceParts,
  journal: JournalFile,
  { target, settings, serial }: HandOverOrder,
  { launch, manner }: ServingProcess,
): Promise<void> {
  await journal.write({
    committed: {
      ...target,
      manner,
      process: launch.id,
      passesOn: passedOn(launch),
      environment: settings,
      serial,
      atMs: parts.clock.nowMs(),
    },
    previous: previousOf(journal, target),
    handOver: journal.now.handOver && { ...journal.now.handOver, phase: "committed" },
    refused: undefined,
  });
  await parts.failpoint("journal-committed");
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
    id: await journal.nextProcess(order.target),
    layout: parts.layout,
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
  { handOff }: Run,
  manner: Manner,
  old: ProcessView | undefined,
  journal: JournalFile,
): boolean {
  if (handOff === "restart" || manner === "own") return false;
  return journal.now.committed?.manner !== "own" && old?.adopted !== true;
}

/** Sockets that cannot be open beside those of the old process must wait until that has ended. */
function mayKeepSockets(
  { service, note }: ServiceParts,
  old: ProcessView | undefined,
  sockets: readonly SocketRequest[],
): boolean {
  if (old === undefined || canBeBeside(sockets, old.sockets)) return true;
  const [to, from] = [sockets, old.sockets].map((all) => addressesIn(all).join(", "));
  note(
    `${service} is to listen on ${to} instead of ${from}, and not all of that can be open at the same time: its old process ends before, and connections are refused for a moment`,
  );
  return false;
}

/** Whether the process that runs starts this one. */
function replacesItself({ succession }: Launch): boolean {
  return succession?.after !== undefined;
}

function addressesIn(sockets: readonly SocketRequest[]): readonly string[] {
  return sockets.map(({ address }) => address);
}
