// What the keeper needs of the operating system: processes and listening sockets.
import type { Exit, Launch } from "./launch.ts";

/** Names one process for good: numbers are used again, and start anew when the machine does (proc(5), field 22). */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: number;
  readonly bootId: string;
  /** The process group and session it is in, where another process leads them: the one that has started it. */
  readonly group?: number;
}

/** The process group and session of a process, which it has in common with those that it starts in its place. */
export function groupOf({ pid, group }: ProcessIdentity): number {
  return group ?? pid;
}

/** A process to be, with its sockets open. It leads a session and process group of its own. */
export interface SpawnPlan extends Omit<Launch, "sockets"> {
  readonly sockets: readonly NamedSocket[];
}

/** A process that was started here. */
export interface Spawned {
  readonly identity: ProcessIdentity;
  /** Resolves when the process has said that it is ready; at once where it is not asked to; else never. */
  readonly ready: Promise<void>;
  readonly exited: Promise<Exit>;
}

/** Processes. */
export interface Spawn {
  /** Fails with `cannot_start` in a sentence. The process does not die with its parent, nor when nobody reads its output. */
  start(plan: SpawnPlan): Promise<Spawned>;
  /** Whether just this process still runs. One that has ended and was not reaped does not. */
  isAlive(identity: ProcessIdentity): Promise<boolean>;
  /** Signals its whole process group. Returns false if nobody is there. The leader may have ended before its followers. */
  signal(identity: ProcessIdentity, signal: string): Promise<boolean>;
  /** Signals this process alone. Returns false if it has ended. */
  signalAlone(identity: ProcessIdentity, signal: NodeJS.Signals): Promise<boolean>;
  /** Whether it does something of its own when it gets the signal. */
  catches(identity: ProcessIdentity, signal: NodeJS.Signals): Promise<boolean>;
  /**
   * The processes that execute a file among those in the session of a process, and those it has started; those first that
   * were started by none of the others. The process itself may have ended; it is not among them.
   */
  successors(identity: ProcessIdentity, file: string): Promise<readonly ProcessIdentity[]>;
  /** The processes that look as if `start` had started them with this program and this log, whoever has. */
  strays(plan: Pick<Launch, "program" | "log">): Promise<readonly ProcessIdentity[]>;
}

/** A socket on which connections queue; nobody in this process accepts any. */
export interface ListeningSocket {
  /** With the port that it got. */
  readonly address: string;
  readonly descriptor: number;
  close(): void;
}

/** One of those that a launch asks for. */
export interface NamedSocket extends ListeningSocket {
  readonly name: string;
}

/** Listening sockets. */
export interface ListeningSockets {
  /** Fails with `address_in_use`, or `bad_request` for an address that cannot be had here. */
  open(address: string): Promise<ListeningSocket>;
}

/** The files that processes write to. */
export interface LogFiles {
  /** Puts a file aside that has become too large, and removes the oldest of those put aside. Its writers go on. */
  rotate(path: string): Promise<void>;
}
