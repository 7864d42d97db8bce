// The feed in which another proxy tells which versions came to be known to it, and when.
import type { ModuleVersion } from "@stoa/gomod";

/** One line of a feed. */
export interface FeedEntry {
  readonly module: ModuleVersion;
  /** As the feed wrote it, for the next question. */
  readonly timestamp: string;
}

/** A part of a feed. */
export interface FeedPage {
  readonly entries: readonly FeedEntry[];
  /** The last time in it, also if it is of a line that could not be read; `undefined` if there was no line. */
  readonly last: string | undefined;
  /** How many lines there were. */
  readonly lines: number;
}

/** A feed (index.golang.org, and `/index` of other proxies). */
export interface IndexFeed {
  /** Its address without credentials, by which its place is remembered. */
  readonly name: string;
  /** Up to `limit` entries at or after a time, oldest first. Rejects with a `ProxyFailure`. */
  since(timestamp: string, limit: number, signal: AbortSignal): Promise<FeedPage>;
}
