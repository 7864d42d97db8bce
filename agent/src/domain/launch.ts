// What a supervisor is told to start, and what it says about what runs.

/** A listening socket that a process inherits. */
export interface SocketRequest {
  readonly name: string;
  /**
   * `:8080`, `127.0.0.1:8080`, `[::1]:8080` or `unix:/run/a.sock`. It belongs to the service and is shared by all its
   * processes; with port 0 it belongs to this one process, and the system chooses the port.
   */
  readonly address: string;
}

/** Bounds of a process. */
export interface Limits {
  readonly openFiles?: number | undefined;
  /** Processes and threads. */
  readonly processes?: number | undefined;
  readonly memoryBytes?: number | undefined;
  /** Of one processor. */
  readonly cpuPercent?: number | undefined;
  readonly coreBytes?: number | undefined;
}

/** One process that a supervisor starts. */
export interface Launch {
  /** Chosen by whoever asks. Asked again with the same id, the supervisor starts nothing. */
  readonly id: string;
  /** The id of the revision it belongs to. */
  readonly release: string;
  readonly program: string;
  readonly arguments: readonly string[];
  /** All of it: nothing is inherited from the supervisor. */
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
  /** In the order of their descriptors, which begin at 3 (`LISTEN_FDS`, sd_listen_fds(3)). */
  readonly sockets: readonly SocketRequest[];
  /** Where they begin instead, for programs that are told in their own way. */
  readonly firstDescriptor?: number | undefined;
  readonly readiness: LaunchReadiness;
  /** It runs where no client is, for a while. */
  readonly rehearsal: boolean;
  /** Variables that hold its own process id, which nobody knows before it is started. */
  readonly ownIdVariables: readonly string[];
  /** `init`: the first process of the machine, for programs that end any other parent. */
  readonly parent: "any" | "init";
  readonly user?: string | undefined;
  readonly limits?: Limits | undefined;
  /** Where its standard output and error go. */
  readonly log: string;
  /** The signal that asks it to end. */
  readonly stopSignal: StopSignal;
  /** How long it may take to end before it is killed. */
  readonly stopGraceMs: number;
  /** Of a program that replaces itself; absent for all others. */
  readonly succession?: Succession | undefined;
}

/**
 * A program that gets SIGUSR2 starts its own path again, which leads to another release by then. The child takes the
 * listening sockets over from it, and is one of the service's processes.
 */
export interface Succession {
  /** What `program` leads to: a process executes this file, or it is not the one of this launch. */
  readonly file: string;
  /** The process that starts this one; the supervisor starts it if absent, and whenever it starts it again. */
  readonly after?: string | undefined;
}

/**
 * When it has said that it is ready.
 *
 * - `fd`: when it writes a line to, or closes after a byte, the descriptor that `READY_FD` names.
 * - `notify`: when it sends `READY=1` to `NOTIFY_SOCKET` (sd_notify(3)). A supervisor that cannot hear that takes it for `none`.
 * - `none`: it is not asked to.
 */
export const launchReadinesses = ["fd", "notify", "none"] as const;
export type LaunchReadiness = (typeof launchReadinesses)[number];

export const stopSignals = ["SIGTERM", "SIGQUIT", "SIGINT", "SIGUSR2", "SIGHUP"] as const;
export type StopSignal = (typeof stopSignals)[number];

/** How a process ended. */
export interface Exit {
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

/**
 *     starting ──> running ──> gone            a process nobody keeps
 *         │           │
 *         └───────────┴──> waiting ──> starting …   one that is kept, after it ended by itself
 *
 * A process that another one shall start is `starting`, with no number, until it is seen. One that has ended after it has
 * started its successor is `waiting` as long as that lives and is not kept itself. `stopping` is entered from every state and ends in `gone`.
 */
export type ProcessState = "starting" | "running" | "waiting" | "stopping" | "gone";

/** What a supervisor says about a process. */
export interface ProcessView {
  readonly id: string;
  readonly service: string;
  readonly release: string;
  readonly program: string;
  readonly state: ProcessState;
  /** Whether it is started again when it ends, and after the machine has started. */
  readonly kept: boolean;
  /** Nobody but itself holds its listening sockets any more: they cannot be shared with another process. */
  readonly adopted: boolean;
  /** 0 while none runs. */
  readonly pid: number;
  readonly sockets: readonly SocketRequest[];
  readonly startedAtMs: number;
  readonly restarts: number;
  readonly lastExit: Exit | undefined;
  readonly sentence: string;
  readonly log: string;
}

/** The end of a process in words. */
export function exitSentence({ code, signal }: Exit): string {
  if (signal !== undefined) return `was ended by ${signal}`;
  return code === 0
    ? "ended by itself with exit code 0"
    : `ended with exit code ${code ?? "unknown"}`;
}
