// Versions that were taken out of a store and can come back for a while.
import type { ModuleVersion } from "@stoa/gomod";
import type { HashEntry } from "./kept-hashes.ts";

/** What is remembered of a version that was set aside. */
export interface TrashNote {
  /** Whether its upstream said, just before, that it has it. */
  readonly isRefetchable: boolean;
  /** Its hashes; absent if none were remembered, or if they still are. */
  readonly hashes?: HashEntry | undefined;
}

/** A version that was set aside. */
export interface TrashedVersion extends TrashNote {
  /** Names it among all that were set aside; the same version may be there more than once. */
  readonly id: string;
  readonly module: ModuleVersion;
  /** When it was set aside. */
  readonly at: Date;
  readonly bytes: number;
}

/**
 * - `restored`: the version is whole again, with the bytes that it had.
 * - `occupied`: it has come anew meanwhile; what was set aside stays where it is.
 * - `torn`: something of it was missing when it was set aside, so that it cannot be whole.
 */
export type RestoreOutcome = "restored" | "occupied" | "torn";

/** The same promises about concurrency and `store_unavailable` hold as for `ModuleStore`. */
export interface VersionTrash {
  /**
   * Makes a version absent, as one, and keeps everything of it outside of what the store gives out. A crash on the way
   * leaves it whole, or absent and restorable. Whoever has one of the files open can read it to the end, or sees its
   * transfer broken off where the storage lets go of what is removed at once; never other bytes.
   */
  discard(module: ModuleVersion, note: TrashNote): Promise<void>;
  /** Everything that was set aside, the oldest first. */
  all(): AsyncIterable<TrashedVersion>;
  /** Brings a version back; an `id` that is not there (any more) is `torn`. */
  restore(id: string): Promise<RestoreOutcome>;
  /** Lets go of it for good. An absent one is no failure. */
  purge(id: string): Promise<void>;
}
