// Module versions that are to be fetched when there is time.
import type { ModuleVersion } from "@stoa/gomod";

/** A version that waits, is being worked on, or has been given up. */
export interface Job {
  readonly module: ModuleVersion;
  /** How often it has been tried in vain. */
  readonly attempts: number;
  readonly state: "waiting" | "given_up";
  /** When it was accepted. */
  readonly added: Date;
  /** When it is tried next; for one that was given up, from when on it may be asked for anew. */
  readonly due: Date;
  /** Why the last attempt failed; "" if there was none. */
  readonly reason: string;
  /** The mark of those whom the instance asks that accepted it; `undefined` if it named none. */
  readonly upstreams: string | undefined;
}

/** How many jobs there are. */
export interface JobCounts {
  readonly waiting: number;
  readonly givenUp: number;
}

/**
 * A queue that outlives the process: what `add` has accepted is there after a crash. Each version is in it at most once.
 * Several processes may work on one queue; then a job may be taken twice, which is harmless, because fetching a version
 * that is kept does nothing. Methods reject with the `ProxyFailure` `store_unavailable` if the queue cannot be read or
 * written.
 */
export interface JobQueue {
  /**
   * Accepts a version. `known` if it waits already, or was given up too short a time ago; `full` if the queue is, and
   * then nothing was accepted. One that waits untaken for other `upstreams` is accepted anew, for these.
   */
  add(
    module: ModuleVersion,
    now: Date,
    upstreams?: string | undefined,
  ): Promise<"added" | "known" | "full">;
  /** Takes up to `limit` jobs that are due, but for those left. They become due again at `until`, unless that is put off by `hold`. */
  take(
    limit: number,
    now: Date,
    until: Date,
    left?: readonly ModuleVersion[],
  ): Promise<readonly Job[]>;
  /** Whoever took a job is still at it: it becomes due at `until` instead. */
  hold(module: ModuleVersion, until: Date): Promise<void>;
  /** The version is kept: forget the job. */
  finish(module: ModuleVersion): Promise<void>;
  /** The attempt failed: `waiting` jobs are tried again when `due`, `given_up` ones may then be asked for anew. */
  postpone(
    module: ModuleVersion,
    outcome: Pick<Job, "state" | "attempts" | "due" | "reason">,
  ): Promise<void>;
  /** When the next job is due, but for those left; `undefined` if none waits. */
  nextDue(left?: readonly ModuleVersion[]): Promise<Date | undefined>;
  counts(): Promise<JobCounts>;
  /** The jobs that wait, the next one first, then those given up. */
  list(limit: number): Promise<readonly Job[]>;
}
