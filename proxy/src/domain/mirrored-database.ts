// A checksum database as this proxy passes it on.
import type { ModuleVersion } from "@stoa/gomod";
import type { Tile } from "@stoa/gomod/sumdb";

/** Who may be asked for an answer: the database, or only what is kept here. */
export type Reach = "database" | "kept";

/**
 * Gives the database's answers, unchanged and authenticated: a record or tile is in the signed tree, and the tree is one
 * history. What was given once is given again without the database. With the reach `kept` absence is `undefined`; with
 * `database` there is always an answer, or a rejection with the signal's reason or a `ProxyFailure` (`not_found`: the
 * database does not have it).
 */
export interface MirroredDatabase {
  /** As it stands in `/sumdb/<name>/`. */
  readonly name: string;
  /** The largest signed tree. */
  latest(reach: Reach, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** The answer to the lookup of a version. */
  record(module: ModuleVersion, reach: Reach, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** A tile of hashes or records, in just the width that is asked for. */
  tile(tile: Tile, reach: Reach, signal: AbortSignal): Promise<Uint8Array | undefined>;
}
