// What the agent needs of whoever runs the processes: the keeper, or systemd.
import type { Launch, ProcessView } from "./launch.ts";

/**
 * Runs the processes of services. It lives longer than the agent, and everything it is asked may be asked again. Failures
 * are its own `AgentFailure`, or `keeper_unreachable`.
 */
export interface Supervisor {
  /** All processes it knows of, with those that ended since a service's last launch. */
  views(): Promise<readonly ProcessView[]>;
  /**
   * Starts a process, or has another one start it, unless one with this id was started before. `address_in_use`,
   * `cannot_start`.
   */
  launch(service: string, launch: Launch): Promise<ProcessView>;
  /** Waits until a process is ready or has ended, or has ended; not longer than `waitMs`. */
  wait(service: string, id: string, until: "ready" | "gone", waitMs: number): Promise<ProcessView>;
  /** This process, and no other of the service, is started again when it ends and after the machine has started. */
  keep(service: string, id: string): Promise<ProcessView>;
  /** Asks a process to end. */
  stop(service: string, id: string, how: StopOrder): Promise<ProcessView>;
  /** Closes the listening sockets of a service, but those at these addresses. */
  closeSockets(service: string, but: readonly string[]): Promise<void>;
  /**
   * Puts right what it keeps on the machine for a service, if somebody has changed it, and removes what nothing needs any
   * more. Says what it put right.
   */
  restore(service: string): Promise<readonly string[]>;
  /** Whether it can take charge of processes that others have started in their own place. */
  readonly followsSuccession: boolean;
  /** Whether it bounds a process with all its children, and processors too. If not, only what setrlimit(2) knows holds. */
  readonly boundsChildren: boolean;
}

/** How to end a process. */
export interface StopOrder {
  /** How long it may take; as its launch says unless said otherwise. */
  readonly graceMs?: number;
  /** It leaves by itself, and a signal could make it leave at once: it is not sent any before its time is over. */
  readonly unasked?: boolean;
}
