// The `.info` and `.mod` of versions whose zip nobody has asked for.
import type { ModuleVersion } from "@stoa/gomod";

/** The files that may be kept without a zip. */
export type LooseKind = "info" | "mod";

/**
 * Keeps single files of versions that are not (yet) in the `ModuleStore`: a build reads hundreds of go.mod files of
 * versions whose zip nobody needs. Beside the store, never inside its layout. The same promises about concurrency, crashes
 * and `store_unavailable` hold as for `ModuleStore`, but for two: a power cut may take a file, whole, that was kept, and other
 * processes may see it only some time after it was written.
 */
export interface LooseFiles {
  /** The kept bytes, or `undefined`. */
  read(module: ModuleVersion, kind: LooseKind): Promise<Uint8Array | undefined>;
  /** Keeps a file. What is there already stays: the first bytes win, and nothing is said. */
  write(module: ModuleVersion, kind: LooseKind, bytes: Uint8Array): Promise<void>;
  /** Forgets both files of a version; absent ones are no failure. Called when the version has entered the store. */
  remove(module: ModuleVersion): Promise<void>;
}
