// Who belongs to a process: those it has started, and those that it has started in its own place.
import { constants } from "node:os";
import process from "node:process";
import { groupOf, type ProcessIdentity } from "../../domain/spawn.ts";
import {
  allPids,
  catchesSignal,
  errorsOf,
  executableName,
  executedFile,
  isInUnit,
  livingProcesses,
  type ProcStat,
  readBootId,
} from "./proc-files.ts";

type Living = ReadonlyMap<number, ProcStat>;

/** The process, those below it, and the session it leads: there are those whose parents have ended. */
export function familyOf(pid: number): readonly number[] {
  const living = livingProcesses();
  return [...living.keys()].filter(
    (member) => living.get(member)?.session === pid || isBelow(living, member, pid),
  );
}

/** See `Spawn.successors`. */
export function successorsOf(identity: ProcessIdentity, file: string): readonly ProcessIdentity[] {
  const bootId = readBootId();
  if (identity.bootId !== bootId) return [];
  const name = executableName(file);
  const group = groupOf(identity);
  const living = livingProcesses();
  const found = [...living].filter(
    ([pid, { session, parent }]) =>
      pid !== identity.pid &&
      (session === group || parent === identity.pid) &&
      executedFile(pid) === name,
  );
  return eldest(found).map(([pid, { startTicks, session }]) => ({
    pid,
    startTicks,
    bootId,
    group: session,
  }));
}

/** Those that execute a file and lead a session of their own, with their errors going to a log. */
export function leadersWith(program: string, log: string): readonly ProcessIdentity[] {
  const bootId = readBootId();
  const name = executableName(program);
  const found = [...livingProcesses()].filter(
    ([pid, { session }]) =>
      session === pid && executedFile(pid) === name && errorsOf(pid) === executableName(log),
  );
  return found.map(([pid, { startTicks }]) => ({ pid, startTicks, bootId }));
}

/** The process of a systemd unit that executes a file; that which has started the others, where there are several. */
export function executingInUnit(unit: string, file: string): number | undefined {
  const name = executableName(file);
  const members = allPids().filter((pid) => executedFile(pid) === name && isInUnit(pid, unit));
  if (members.length === 0) return undefined;
  const living = livingProcesses();
  return eldest([...living].filter(([pid]) => members.includes(pid)))[0]?.[0];
}

/** Whether a process does something of its own when it gets a signal. */
export function catches(pid: number, signal: NodeJS.Signals): boolean {
  return catchesSignal(pid, constants.signals[signal]);
}

/** Signals one process. Returns false if it has ended. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

function eldest(found: readonly (readonly [number, ProcStat])[]): typeof found {
  const pids = found.map(([pid]) => pid);
  const isChild = ([, { parent }]: (typeof found)[number]): boolean => pids.includes(parent);
  return [...found.filter((one) => !isChild(one)), ...found.filter(isChild)];
}

function isBelow(living: Living, pid: number, ancestor: number): boolean {
  for (let at = pid; at > 1; at = living.get(at)?.parent ?? 0) if (at === ancestor) return true;
  return false;
}
