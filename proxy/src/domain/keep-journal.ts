// Which versions are being kept at this moment, so that what belongs to one is recorded even after a crash.
import type { ModuleVersion } from "@stoa/gomod";

/** Notes that survive the death of the process. Any number of processes may share them. Rejects with `store_unavailable`. */
export interface KeepJournal {
  /** Notes that the version is about to be put. */
  begin(module: ModuleVersion): Promise<void>;
  /** Forgets the note: all that belongs to the version is recorded, or it was not kept. Absent ones are no failure. */
  end(module: ModuleVersion): Promise<void>;
  /** What was begun before a time and has not ended. Nothing takes a minute: its process is gone. */
  unfinished(before: Date): Promise<readonly ModuleVersion[]>;
}
