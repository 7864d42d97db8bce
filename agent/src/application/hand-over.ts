// From the process that serves to the one that shall.
import type { Revision, Run } from "@stoa/deployment";
import type { ProcessView, SocketRequest } from "../domain/launch.ts";
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
import { planServing, startAndValidate } from "./start-release.ts";

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
  const { target, run, step } = order;
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
  const process = await journal.nextProcess(target);
  const addresses = sockets.map(({ address }) => address);
  const old = await keptProcess(parts);
  const planned = planServing(parts, { ...order, id: process, manner, sockets });
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
  if (!overlap)
    await parts.supervisor.closeSockets(parts.service, manner === "own" ? [] : addresses);
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
  { run }: HandOverOrder,
  manner: Manner,
  old: ProcessView | undefined,
  journal: JournalFile,
): boolean {
  if (run.handOff === "restart" || manner === "own") return false;
  return journal.now.committed?.manner !== "own" && old?.adopted !== true;
}

/** Sockets that cannot be open beside those of the old process must wait until that has ended. */
function mayKeepSockets(
  { service, note }: ServiceParts,
  old: ProcessView | undefined,
  sockets: readonly SocketRequest[],
): boolean {
  if (old === undefined || canBeBeside(sockets, old.sockets)) return true;
  const addresses = (all: readonly SocketRequest[]): string =>
    all.map(({ address }) => address).join(", ");
  note(
    `${service} is to listen on ${addresses(sockets)} instead of ${addresses(old.sockets)}, and not all of that can be open at the same time: its old process ends before, and connections are refused for a moment`,
  );
  return false;
}
