// In which order versions came to be known here: the feed of new versions.
import type { ModuleVersion } from "@stoa/gomod";

/** A version and when it came to be known. */
export interface IndexEntry {
  readonly module: ModuleVersion;
  /** Microseconds since 1970. No two entries have the same. */
  readonly atMicros: number;
}

/** Remembers when versions came. */
export interface VersionIndex {
  /**
   * Adds those that are not in it yet, each with a time of its own: now, but later than that of every entry before. Who
   * has read up to some entry therefore finds all that is added later behind it. Rejects with `store_unavailable`.
   */
  add(modules: readonly ModuleVersion[]): Promise<void>;
  /** The first `limit` entries at or after a time, in the order of their times. Rejects with `store_unavailable`. */
  since(atMicros: number, limit: number): Promise<readonly IndexEntry[]>;
  /** Forgets versions; absent ones are no failure. Rejects with `store_unavailable`. */
  remove(modules: readonly ModuleVersion[]): Promise<void>;
}

/** Reads a time in RFC 3339 as the first microsecond that is not before it. `undefined` if it is none. */
export function parseIndexTime(text: string): number | undefined {
  const parts = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)$/.exec(
    text,
  );
  if (parts === null) return undefined;
  const [, day, clock, fraction = "", zone = ""] = parts;
  const seconds = Date.parse(`${day}T${clock}${zone.toUpperCase()}`);
  if (Number.isNaN(seconds)) return undefined;
  return seconds * 1000 + Math.ceil(Number(fraction.padEnd(9, "0")) / 1000);
}

/** The time as index.golang.org writes it, in RFC 3339 with six decimals. */
export function indexTimeText(atMicros: number): string {
  const seconds = new Date(Math.floor(atMicros / 1000)).toISOString().slice(0, 19);
  return `${seconds}.${String(((atMicros % 1e6) + 1e6) % 1e6).padStart(6, "0")}Z`;
}
