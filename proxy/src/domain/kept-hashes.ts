// The hashes that versions had when they were kept.
import type { ModuleVersion } from "@stoa/gomod";
import type { VersionHashes } from "./checksums.ts";

/** What is remembered of a kept version. */
export interface HashEntry extends VersionHashes {
  /** The database that confirmed both; `undefined` if the version was exempt or nothing was checked. */
  readonly database: string | undefined;
}

/**
 * Remembers hashes, durably and outside the store's layout. The same promises about concurrency, crashes and
 * `store_unavailable` hold as for `ModuleStore`. An entry describes bytes that are kept; a version may lack one.
 */
export interface KeptHashes {
  read(module: ModuleVersion): Promise<HashEntry | undefined>;
  /** Remembers an entry in place of what was there. */
  write(module: ModuleVersion, entry: HashEntry): Promise<void>;
}

/** An entry as text: two lines of go.sum and, where a database has confirmed them, `verified <database>`. */
export function formatHashEntry(
  { zip, mod, database }: HashEntry,
  { path, version }: ModuleVersion,
): string {
  const confirmed = database === undefined ? "" : `verified ${database}\n`;
  return `${path} ${version} ${zip}\n${path} ${version}/go.mod ${mod}\n${confirmed}`;
}

/** What has another form, because somebody wrote into it, is no entry. */
export function parseHashEntry(
  text: string,
  { path, version }: ModuleVersion,
): HashEntry | undefined {
  const lines = text.split("\n");
  const after = (prefix: string): string | undefined =>
    lines.find((line) => line.startsWith(prefix))?.slice(prefix.length);
  const zip = after(`${path} ${version} `);
  const mod = after(`${path} ${version}/go.mod `);
  if (zip === undefined || mod === undefined) return undefined;
  return { zip, mod, database: after("verified ") };
}
