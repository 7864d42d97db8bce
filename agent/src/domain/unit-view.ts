// A unit, as the agent sees processes. Pure.
import { exitSentence, type ProcessState, type ProcessView } from "./launch.ts";
import type { UnitRecord } from "./systemd-record.ts";
import { exitOf, startedAtMsOf, stateOf, type UnitProperties } from "./unit-state.ts";

/** What is known from elsewhere. */
export interface Circumstances {
  /** Whether the process has said that it is ready, or need not. */
  readonly isReady: boolean;
  /** Whether systemd holds all its sockets; else nobody but the process does. */
  readonly hasSockets: boolean;
  /** The time of day, and at the same moment that of the clock of systemd's timestamps. */
  readonly nowMs: number;
  readonly monotonicMs: number;
  /** Where processes replace themselves within the unit. */
  readonly within?: Within | undefined;
}

/** A process among those of its unit. */
export interface Within {
  /** 0 if none executes its file. */
  readonly pid: number;
  /** Another process is to start it, and it has not been seen yet. */
  readonly isAwaited: boolean;
  /** The unit is made after it, so whatever systemd starts there is it. */
  readonly leads: boolean;
  /** Another process that is known is there in its stead. */
  readonly isReplaced: boolean;
}

/** The process of a unit. `found` is what systemd says about the unit. */
export function viewOf(
  { service, launch, kept, stopping }: UnitRecord,
  found: UnitProperties | undefined,
  { isReady, hasSockets, within, ...times }: Circumstances,
): ProcessView {
  const pid = pidOf(within, Number(found?.["MainPID"] ?? 0));
  const ofUnit = stateOf(found, isReady);
  // Its unit outlives it where something else that it has started does.
  const hasLeft = within !== undefined && pid === 0 && ofUnit === "running";
  const plain = stateWithin(within) ?? (hasLeft ? "gone" : ofUnit);
  const state = stopping && plain !== "gone" ? "stopping" : plain;
  const { id, release, program, log, sockets } = launch;
  const view = {
    id,
    service,
    release,
    program,
    log,
    state,
    kept,
    adopted: sockets.length > 0 && !hasSockets,
    pid,
    sockets,
    startedAtMs: startedAtMsOf(found, times),
    restarts: Number(found?.["NRestarts"] ?? 0),
    lastExit: within?.leads === false ? undefined : exitOf(found),
  };
  if (within?.isAwaited === true)
    return {
      ...view,
      sentence: "was not started by the process before it, which was sent SIGUSR2,",
    };
  return { ...view, sentence: sentenceOf(state, view.lastExit, launch.stopSignal) };
}

/** A process that systemd has started a moment ago does not execute its file yet. */
function pidOf(within: Within | undefined, mainPid: number): number {
  if (within === undefined) return mainPid;
  return within.pid === 0 && within.leads && !within.isReplaced ? mainPid : within.pid;
}

/** Undefined where the state of the unit is that of the process. */
function stateWithin(within: Within | undefined): ProcessState | undefined {
  if (within === undefined || within.pid !== 0) return undefined;
  if (within.isAwaited) return "starting";
  if (!within.leads) return "gone";
  return within.isReplaced ? "waiting" : undefined;
}

function sentenceOf(
  state: ProcessState,
  lastExit: ProcessView["lastExit"],
  signal: string,
): string {
  const end = lastExit === undefined ? "is not running" : exitSentence(lastExit);
  switch (state) {
    case "starting":
      return "was started; it has not said yet that it is ready";
    case "running":
      return "runs";
    case "stopping":
      return `was asked to end by ${signal}`;
    case "waiting":
      return `${end}; systemd starts it again`;
    case "gone":
      return end;
  }
}
