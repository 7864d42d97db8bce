// Programs that replace themselves: on SIGUSR2 they start their own path again, and pass their sockets on to that process.
import type { Revision, Run } from "@stoa/deployment";
import { exitSentence, type Launch, type ProcessView } from "../domain/launch.ts";
import { differencesOf, passedOn } from "../domain/passed-on.ts";
import type { Committed } from "../domain/service-journal.ts";
import { handOffOf } from "./plan-launch.ts";
import type { ServiceParts } from "./service-parts.ts";
import { deadlineMsOf } from "./validate-process.ts";

/** A launch that another process may begin. */
export interface Succeeding {
  readonly launch: Launch;
  readonly revision: Revision;
  readonly run: Run;
}

/** What runs now. */
export interface Running {
  readonly old: ProcessView | undefined;
  readonly committed: Committed | undefined;
}

/**
 * The same launch, begun by the process that runs, if that can begin it; else as it is, to be started like any other. Notes
 * why it cannot.
 */
export function successorOf(
  { service, supervisor, note }: ServiceParts,
  { launch, revision, run }: Succeeding,
  { old, committed }: Running,
): Launch {
  if (old?.state !== "running" || handOffOf({ run, revision }) !== "sigusr2") return launch;
  const { succession } = launch;
  const reason =
    succession === undefined || !supervisor.followsSuccession
      ? "systemd before 250 ends a service together with its first process"
      : reasonAgainst(launch, committed);
  if (succession !== undefined && reason === undefined)
    return { ...launch, succession: { ...succession, after: old.id } };
  note(
    `${service} ${revision.version} is not started by the process that runs, with SIGUSR2, but beside it or after it: ${reason}`,
  );
  return launch;
}

/**
 * Waits until the other process has started this one, and looks whether it is the one that was meant. Undefined if it is, or
 * if no other process was to start it; else what is wrong with it.
 */
export async function problemOfSuccessor(
  { service, supervisor, probe }: ServiceParts,
  { launch, revision, run }: Succeeding,
): Promise<string | undefined> {
  if (launch.succession?.after === undefined) return undefined;
  const deadlineMs = deadlineMsOf(run);
  const view = await supervisor.wait(service, launch.id, "ready", deadlineMs);
  if (view.state === "gone")
    return view.lastExit === undefined ? view.sentence : exitSentence(view.lastExit);
  if (view.pid === 0)
    return `${view.sentence} within ${deadlineMs / 1000} s; a program that replaces itself starts the path by which it was started (os.Args[0]), which is ${launch.program}`;
  const digest = await probe.programDigest(view.pid);
  const entry = revision.files.find(({ path }) => path === run.entry);
  return digest === undefined || digest === entry?.sha256
    ? undefined
    : `executes another program than ${run.entry} as process ${view.pid}`;
}

function reasonAgainst(launch: Launch, committed: Committed | undefined): string | undefined {
  const wanted = passedOn(launch);
  if (wanted === undefined || committed?.passesOn === undefined)
    return "that was not started as one that replaces itself";
  const differences = differencesOf(committed.passesOn, wanted);
  return differences.length === 0
    ? undefined
    : `a process passes on what it has, and other ${differences.join(" and ")} shall be had`;
}
