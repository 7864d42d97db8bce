// A unit, as the agent sees processes. Pure.
import { exitSentence, type ProcessState, type ProcessView } from "./launch.ts";
import type { UnitRecord } from "./systemd-record.ts";
import { exitOf, startedAtMsOf, stateOf, type UnitProperties } from "./unit-state.ts";

/** What is known from elsewhere. */
export interface Circumstances {
  /** Whether the process has said that it is ready, or need not. */
  readonly isReady: boolean;
  /** Whether systemd holds its socket; else nobody but the process does. */
  readonly hasSocket: boolean;
  /** The time of day, and at the same moment that of the clock of systemd's timestamps. */
  readonly nowMs: number;
  readonly monotonicMs: number;
}

/** The process of a unit. `found` is what systemd says about the unit. */
export function viewOf(
  { service, launch, kept, stopping }: UnitRecord,
  found: UnitProperties | undefined,
  { isReady, hasSocket, ...times }: Circumstances,
): ProcessView {
  const plain = stateOf(found, isReady);
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
    adopted: sockets.length > 0 && !hasSocket,
    pid: Number(found?.["MainPID"] ?? 0),
    sockets,
    startedAtMs: startedAtMsOf(found, times),
    restarts: Number(found?.["NRestarts"] ?? 0),
    lastExit: exitOf(found),
  };
  return { ...view, sentence: sentenceOf(state, view.lastExit, launch.stopSignal) };
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
