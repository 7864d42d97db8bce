// What the agent needs of whoever runs the processes: the keeper, or systemd.
import type { Launch, ProcessView, StopSignal } from "./launch.ts";

/**
 * Runs the processes of services. It lives longer than the agent, and everything it is asked may be asked again. Failures
 * are the supervisor's own `AgentFailure`, or `keeper_unreachable`.
 */
export interface Supervisor {
  /** All processes it knows of, with those that ended since a service's last launch. */
  views(): Promise<readonly ProcessView[]>;
  /** Starts a process, unless one with this id was started before. `address_in_use`, `cannot_start`. */
  launch(service: string, launch: Launch): Promise<ProcessView>;
  /** Waits until a process is ready or has ended, or has ended; not longer than `waitMs`. */
  wait(service: string, id: string, until: "ready" | "gone", waitMs: number): Promise<ProcessView>;
  /** This process, and no other of the service, is started again when it ends and after the machine has started. */
  keep(service: string, id: string): Promise<ProcessView>;
  /** Asks a process to end. */
  stop(service: string, id: string, how: StopOrder): Promise<ProcessView>;
  /** Closes the listening sockets of a service, but those at these addresses. */
  closeSockets(service: string, but: readonly string[]): Promise<void>;
}

/** How to end a process; what is not said is as its launch says. */
export interface StopOrder {
  readonly signal?: StopSignal;
  readonly graceMs?: number;
}
