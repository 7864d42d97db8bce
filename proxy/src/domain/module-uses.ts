// When modules and their versions were last asked for.
import type { ModulePath, ModuleVersion, Version } from "@stoa/gomod";

/** The clocks of all modules. Methods reject with `store_unavailable` if they cannot be read or written. */
export interface ModuleUses {
  /** Notes that these were used at `time`; a later time that is known already stays. */
  used(paths: readonly string[], time: Date): Promise<void>;
  /** When a module was last used, as far as is known. */
  lastUse(path: ModulePath): Promise<Date | undefined>;
  /** The same for versions: one of their files was asked for. */
  versionsUsed(modules: readonly ModuleVersion[], time: Date): Promise<void>;
  /** When the versions of a module were last used, as far as is known. */
  versionUses(path: ModulePath): Promise<ReadonlyMap<Version, Date>>;
  /** Forgets a version. */
  forgetVersion(module: ModuleVersion): Promise<void>;
}
