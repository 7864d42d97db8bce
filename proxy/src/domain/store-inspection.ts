// Looking through a whole store, and taking out of service what should not be in it.
import type { ModuleVersion } from "@stoa/gomod";
import type { BytesPlace } from "./module-store.ts";

/**
 * For those who look after a store, beside those who use it. The same promises about concurrency and
 * `store_unavailable` hold as for `ModuleStore`.
 */
export interface StoreInspection {
  /** Every whole version, in no order; one that comes or goes meanwhile may or may not be among them. */
  versions(): AsyncIterable<ModuleVersion>;
  /** The zip of a version, to be read where it says; `undefined` if the version is not (any more) there. */
  zip(module: ModuleVersion): Promise<ZipAtHand | undefined>;
  /**
   * Makes a version absent, and says where its files are now. They are kept for whoever wants to know what happened. A
   * crash on the way leaves the version absent. Programs that hold small files in memory go on giving them out.
   */
  withdraw(module: ModuleVersion): Promise<string>;
}

/** A zip that this machine can read, until it is disposed of. */
export interface ZipAtHand extends AsyncDisposable {
  readonly place: BytesPlace;
}
