// Lists of versions that are not to be removed: the go.sum files of those who rely on this store.
import type { ModulePath, ModuleVersion, Version } from "@stoa/gomod";

/** A list, as it is told of. */
export interface KeepList {
  readonly name: string;
  readonly versions: number;
  /** When it was registered last. */
  readonly at: Date;
}

/** Registered lists. Methods reject with `store_unavailable` if they cannot be read or written. */
export interface KeepLists {
  /**
   * Registers a list in place of the one of this name. A crash on the way leaves at most too much registered, until the
   * list is registered or removed again.
   */
  write(name: string, modules: readonly ModuleVersion[]): Promise<void>;
  /** In the order of their names. */
  lists(): Promise<readonly KeepList[]>;
  /** Says whether there was one. */
  remove(name: string): Promise<boolean>;
  /** The versions of a module that are on any list. */
  versionsOf(path: ModulePath): Promise<ReadonlySet<Version>>;
}
