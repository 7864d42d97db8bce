// The right to be the only one at work, among all instances.

/** Where instances agree on who works on what. */
export interface Leases {
  /**
   * Takes the lease of `key`, or tells by `undefined` that somebody else holds it; never waits for it. It is renewed by
   * itself until it is disposed of, which gives it back and never rejects, and ends soon after its holder dies. Rejects with
   * `store_unavailable` if nobody can be asked.
   *
   * A lease spares work and guards nothing: it may be lost while its holder goes on. What keeps the store sound is the
   * store's own rule, never other bytes for the same version.
   */
  take(key: string): Promise<AsyncDisposable | undefined>;
}

/** What an engine must be able to do, each in one atomic step. Rejects with the engine's own error. */
export interface LeaseEngine extends AsyncDisposable {
  /** How the engine is called in sentences: `Redis at 127.0.0.1:6379`. Without credentials. */
  readonly name: string;
  /** Asks it something small. */
  ask(): Promise<void>;
  /** Gives `key` to `holder` for a while, if nobody has it. */
  take(key: string, holder: string, lifetimeMs: number): Promise<boolean>;
  /** Prolongs what `holder` has; false if it has it no more. */
  renew(key: string, holder: string, lifetimeMs: number): Promise<boolean>;
  /** Takes it back if `holder` has it. */
  release(key: string, holder: string): Promise<void>;
}
