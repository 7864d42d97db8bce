// The crawler and its clock, put together.
import type { Log, Metrics } from "@stoa/telemetry";
import { indexFeed, type ReadBelow } from "./adapters/index-feed/index-feed.ts";
import type { ProxyState } from "./adapters/sql-state/open-state.ts";
import { ModuleCrawl } from "./application/crawl-modules.ts";
import type { CrawlEvent, CrawlOrder, CrawlParts } from "./application/crawl-run.ts";
import { PacedHosts } from "./application/paced-hosts.ts";
import { WorkSchedule } from "./application/schedule-work.ts";

/** What the crawler is told. */
export interface CrawlSettings {
  /** 0 for never. */
  readonly everyMs: number;
  readonly patterns: string;
  /** Only modules that were used in this time; 0 for all. */
  readonly usedMs: number;
  readonly versions: "all" | "newer";
  /** Each kept version is asked about anew once in so many days; 0 for never. */
  readonly recheckDays: number;
  readonly feeds: readonly string[];
  /** Between two requests to the same host. */
  readonly paceMs: number;
  /** How long a host is left alone that turns requests away; doubled each time. */
  readonly restMs: number;
}

/** How many modules are crawled at once. */
const crawlWorkers = 4;
const longestRestMs = 900_000;

/** What the crawler stands on, beside its settings. */
export interface CrawlerParts
  extends Pick<
    CrawlParts,
    "store" | "catalog" | "leases" | "list" | "keep" | "recheck" | "policy" | "hostOf"
  > {
  readonly state: Pick<ProxyState, "uses" | "bookmarks">;
  readonly readBelow: ReadBelow;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Nothing runs by itself before `start`. */
export interface OpenedCrawler {
  /** See `ModuleCrawl.run`. */
  readonly crawl: ModuleCrawl["run"];
  /** Begins to crawl by the clock, if it is to. */
  start(): AsyncDisposable | undefined;
}

export function openCrawler(settings: CrawlSettings, parts: CrawlerParts): OpenedCrawler {
  const { store, catalog, leases, list, keep, recheck, policy, hostOf, log } = parts;
  const { uses, bookmarks } = parts.state;
  const { feeds, paceMs, restMs, everyMs } = settings;
  const crawler = new ModuleCrawl({
    ...{ store, catalog, leases, list, keep, recheck, policy, hostOf, uses, bookmarks },
    feeds: feeds.map((address) => indexFeed(address, parts.readBelow)),
    hosts: new PacedHosts({ intervalMs: paceMs, restMs, longestRestMs }, () => performance.now()),
    workers: crawlWorkers,
  });
  const crawl = measuredCrawl(crawler, parts.metrics);
  const tell = (event: CrawlEvent): void => {
    if (event.kind !== "failed") return;
    const { path, version, failure } = event;
    log.warn("crawling failed", { path, version, error: failure });
  };
  return {
    crawl,
    start() {
      if (everyMs === 0) return undefined;
      return new WorkSchedule({
        ...{ name: "crawl", bookmarks, everyMs, log },
        work: (signal) => crawl(orderOf(settings), signal, tell),
      });
    },
  };
}

/** What is crawled when it is time. */
function orderOf({ patterns, usedMs, versions, recheckDays }: CrawlSettings): CrawlOrder {
  const usedSince = usedMs === 0 ? undefined : new Date(Date.now() - usedMs);
  const recheck = recheckDays === 0 ? "none" : { days: recheckDays };
  return { patterns, versions, usedSince, recheck };
}

/** The same, counted. */
function measuredCrawl(crawler: ModuleCrawl, metrics: Metrics): OpenedCrawler["crawl"] {
  const events = metrics.counter(
    "stoa_crawl_events_total",
    "What the crawler has done: modules asked about, versions fetched, refused by policy, changed upstream, failed.",
    ["event"],
  );
  const ended = metrics.gauge(
    "stoa_crawl_ended_timestamp_seconds",
    "When the crawler last came to its end, in seconds since 1970; 0 if it has not since the start.",
  );
  ended.with({}).set(0);
  return async (order, signal, tell) => {
    const summary = await crawler.run(order, signal, (event) => {
      events.with({ event: event.kind }).inc();
      tell(event);
    });
    ended.with({}).set(Date.now() / 1000);
    return summary;
  };
}
