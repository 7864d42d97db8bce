// Which versions are being kept at this moment, so that what belongs to one is finished after a crash.
import type { ModuleVersion } from "@stoa/gomod";

/**
 * Notes that outlive the death of the process (not a power failure). Several processes may write them side by side. The
 * methods reject with `store_unavailable`.
 */
export interface KeepJournal {
  /** Notes, before anything is put, that the version is about to be kept. */
  begin(module: ModuleVersion): Promise<KeepNote>;
  /** What processes that are gone have begun and not ended. Two who ask may be told the same. */
  unfinished(): Promise<readonly KeepNote[]>;
}

/** One note. */
export interface KeepNote {
  readonly module: ModuleVersion;
  /** Forgets the note: everything that belongs to the version has been done. May be repeated; never rejects. */
  end(): Promise<void>;
}
