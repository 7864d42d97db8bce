// The processes of a service that shall go, and how they are let go.
import type { ProcessView } from "../domain/launch.ts";
import type { ServiceParts } from "./service-parts.ts";

const longestWaitMs = 30_000;
const leavingMs = 2_000;
const leavingLookMs = 10;

/** The process that is started again when it ends, if there is one. */
export async function keptProcess(parts: ServiceParts): Promise<ProcessView | undefined> {
  return (await processesOf(parts)).find(({ kept, state }) => kept && state !== "gone");
}

/** All processes of a service. */
export async function processesOf({
  supervisor,
  service,
}: ServiceParts): Promise<readonly ProcessView[]> {
  return (await supervisor.views()).filter((view) => view.service === service);
}

/** Ends every process of the service but these. */
export async function endOthers(parts: ServiceParts, but: readonly string[]): Promise<void> {
  for (const view of await parts.supervisor.views()) {
    if (view.service !== parts.service || but.includes(view.id) || view.state === "gone") continue;
    if (view.state !== "stopping") await parts.supervisor.stop(view.service, view.id, {});
  }
}

/** Ends a process and waits until it is gone. */
export async function end(
  parts: ServiceParts,
  { service, id }: ProcessView,
  graceMs?: number,
): Promise<void> {
  await parts.supervisor.stop(service, id, graceMs === undefined ? {} : { graceMs });
  while ((await parts.supervisor.wait(service, id, "gone", longestWaitMs)).state !== "gone");
}

/** The processes of a service, of which all but one shall leave its ports. */
export interface Leaving {
  readonly views: readonly ProcessView[];
  readonly but: string;
  readonly ports: readonly (number | undefined)[];
}

/**
 * Waits a moment for the old processes to leave the listening sockets, so that whoever hears that the new one serves meets
 * no other. Those that do not leave are not waited for: they end when their time is over. Returns their ids.
 */
export async function untilTheyAcceptNoMore(
  parts: ServiceParts,
  { views, but, ports }: Leaving,
): Promise<readonly string[]> {
  const untilMs = parts.clock.monotonicMs() + leavingMs;
  const successor = views.find(({ id }) => id === but)?.pid;
  const staying: string[] = [];
  for (const { id, pid } of views) {
    if (id === but || pid === 0) continue;
    for (const port of ports) {
      if (port === undefined) continue;
      const isFree = await untilLeft(parts, { pid, port, successor }, untilMs);
      if (!isFree) staying.push(id);
    }
  }
  return staying;
}

/** Whether a process has left a port by then; sockets that its successor has as well do not count. */
async function untilLeft(
  { probe, clock }: ServiceParts,
  { pid, port, successor }: { pid: number; port: number; successor: number | undefined },
  untilMs: number,
): Promise<boolean> {
  while (await probe.listens(pid, port, successor)) {
    if (clock.monotonicMs() > untilMs) return false;
    await clock.sleep(leavingLookMs);
  }
  return true;
}

/**
 * A program that replaces itself ends its old process by itself, and a signal more could make that drop what it still
 * answers. One that goes on accepting was not told, and is left to be asked.
 */
export async function letLeave(parts: ServiceParts, leaving: Leaving): Promise<void> {
  const staying = await untilTheyAcceptNoMore(parts, leaving);
  for (const { id, state } of await processesOf(parts)) {
    if (id === leaving.but || staying.includes(id) || ["gone", "stopping"].includes(state))
      continue;
    await parts.supervisor.stop(parts.service, id, { unasked: true });
  }
}
