// The end of a hand-over: forward where it was validated, back where it was not. Every step may be repeated.
import { shortId } from "@stoa/deployment";
import {
  end,
  endOthers,
  keptProcess,
  letLeave,
  processesOf,
  untilTheyAcceptNoMore,
} from "./end-processes.ts";
import type { JournalFile } from "./journal-file.ts";
import { portOf } from "./plan-launch.ts";
import type { ServiceParts } from "./service-parts.ts";

/** How long a process may take to end that has not come to serve. */
const failedGraceMs = 2_000;

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

/** After the commit: the new process is kept, and the old ones go. */
export async function finish(parts: ServiceParts, journal: JournalFile): Promise<void> {
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
export async function undo(parts: ServiceParts, journal: JournalFile): Promise<void> {
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
