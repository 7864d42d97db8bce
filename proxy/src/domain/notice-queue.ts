// Notices to other programs that have not been delivered yet.

/** One notice for one address. */
export interface Notice {
  /** The same at every attempt, so that who gets it twice can tell. */
  readonly id: string;
  readonly url: string;
  readonly body: string;
  /** How often it has been tried in vain. */
  readonly attempts: number;
}

/**
 * A bounded queue that outlives the process. Several processes may work on it; a notice may then arrive twice. Methods
 * reject with `store_unavailable` if it cannot be read or written.
 */
export interface NoticeQueue {
  /** Accepts a notice; false if so many as `most` wait already. */
  add(notice: Notice, due: Date, most: number): Promise<boolean>;
  /** Takes up to `limit` that are due; they are due again at `until`. */
  take(limit: number, now: Date, until: Date): Promise<readonly Notice[]>;
  postpone(id: string, attempts: number, due: Date): Promise<void>;
  remove(id: string): Promise<void>;
  nextDue(): Promise<Date | undefined>;
}
