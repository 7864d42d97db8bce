// Taking versions out of a store for good.
import type { ModulePath, ModuleVersion, Version } from "@stoa/gomod";

/** What a store has of a version. */
export interface VersionTraces {
  readonly version: Version;
  /** `whole`, `torn`, or only things beside it. */
  readonly state: "whole" | "torn" | "absent";
  /** The small files that are kept without a zip. */
  readonly beside: readonly ("loose info" | "loose mod")[];
  readonly bytes: number;
}

/** For those who look after a store. The same promises about concurrency and `store_unavailable` hold as for `ModuleStore`. */
export interface StoreRemoval {
  /** Every version of exactly this module of which there is anything. */
  traces(path: ModulePath): Promise<readonly VersionTraces[]>;
  /**
   * Removes everything of a version: first it becomes absent, as one; what a crash leaves is removed by calling this again.
   * What is not there is no failure. Whoever reads one of the files meanwhile gets its bytes, or a failure if the storage is
   * elsewhere.
   */
  remove(module: ModuleVersion): Promise<void>;
}
