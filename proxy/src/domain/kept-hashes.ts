// The hashes that versions had when they were kept.
import type { ModuleVersion } from "@stoa/gomod";
import type { VersionHashes } from "./checksums.ts";

/** What is remembered of a kept version. */
export interface HashEntry extends VersionHashes {
  /** The database that confirmed both; `undefined` if the version was exempt or nothing was checked. */
  readonly database: string | undefined;
  /** The `ZipDigests` digest of a zip file that was found to have just this `zip` hash; `undefined` if none is remembered. */
  readonly zipDigest: string | undefined;
}

/**
 * Remembers hashes, durably and outside the store's layout. The same promises about concurrency, crashes and
 * `store_unavailable` hold as for `ModuleStore`. An entry describes bytes that are kept; a version may lack one.
 */
export interface KeptHashes {
  read(module: ModuleVersion): Promise<HashEntry | undefined>;
  /** Remembers an entry in place of what was there. */
  write(module: ModuleVersion, entry: HashEntry): Promise<void>;
  /** Forgets an entry; an absent one is no failure. */
  remove(module: ModuleVersion): Promise<void>;
}
