// What Linux knows of a running process: processor time and memory, from /proc (proc(5)).
import { readFileSync, writeFileSync } from "node:fs";

/** Resident memory of a process, in bytes. */
export interface ResidentMemory {
  readonly now: number;
  /** The most since the process began or `forgetPeak` was called. */
  readonly peak: number;
}

/** The length of the ticks in /proc/PID/stat: Linux gives 100 a second to user space on every platform Node runs on. */
const tickMicroseconds = 10_000;

/** Processor time used by all threads of a process so far. */
export function processorMicroseconds(pid: number): number {
  const [user = 0, system = 0] = processorTicks(pid);
  return (user + system) * tickMicroseconds;
}

/** The same of the processes that it has started and that have ended, and of those that they have. */
export function endedProcessorMicroseconds(pid: number): number {
  const [, , user = 0, system = 0] = processorTicks(pid);
  return (user + system) * tickMicroseconds;
}

/** utime, stime, cutime and cstime. */
function processorTicks(pid: number): readonly number[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The second field is the program's name in parentheses and may hold spaces; utime is field 14.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).map(Number);
}

/** Resident memory of a process. */
export function residentMemory(pid: number): ResidentMemory {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return { now: kibibytes(status, "VmRSS") * 1024, peak: kibibytes(status, "VmHWM") * 1024 };
}

/** Lets the peak of a process' resident memory begin anew from what it has now. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

/** The children of a process. */
export function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return text === "" ? [] : text.split(" ").map(Number);
}

function kibibytes(status: string, name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1];
  if (found === undefined) throw new Error(`/proc does not say ${name}`);
  return Number(found);
}
