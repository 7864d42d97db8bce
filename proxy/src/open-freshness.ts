// What keeps the answers up to date, put together: hooks, the hottest lists, the crawler and its clock, and notices.
import { type ModulePath, type ModuleVersion, parseModulePath } from "@stoa/gomod";
import type { Log, Metrics } from "@stoa/telemetry";
import { indexFeed, type ReadBelow } from "./adapters/index-feed/index-feed.ts";
import { RenewedLeases } from "./adapters/leases/renewed-leases.ts";
import type { ProxyState } from "./adapters/sql-state/open-state.ts";
import type { AppliedPolicy } from "./application/apply-policy.ts";
import { UseCounts } from "./application/count-uses.ts";
import { ModuleCrawl } from "./application/crawl-modules.ts";
import type { CrawlEvent, CrawlOrder, CrawlParts, CrawlSummary } from "./application/crawl-run.ts";
import { FreshLists } from "./application/keep-lists-fresh.ts";
import type { VersionLists } from "./application/list-versions.ts";
import { PacedHosts } from "./application/paced-hosts.ts";
import { ModuleRefresh } from "./application/refresh-modules.ts";
import type { QueryAnswers } from "./application/resolve-query.ts";
import { WorkSchedule } from "./application/schedule-work.ts";
import type { Leases } from "./domain/leases.ts";
import type { ModuleStore } from "./domain/module-store.ts";
import type { Upstream } from "./domain/upstream.ts";
import type { VersionCatalog } from "./domain/version-catalog.ts";
import type { HookHost } from "./http/hook-signatures.ts";
import { PushRequests } from "./http/push-requests.ts";

/** Everything about staying up to date that can be chosen. Durations in milliseconds. */
export interface FreshnessSettings {
  /** The secrets of hooks, by the host that sends them. */
  readonly hookSecrets: ReadonlyMap<HookHost, string>;
  /** How long a hook waits for a version before it is left to the queue. */
  readonly hookPatienceMs: number;
  /** How many of the hottest lists are renewed before they expire. */
  readonly hotLists: number;
  readonly notices: { readonly urls: readonly string[]; readonly secret: string };
  readonly crawl: CrawlSettings;
}

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

interface FreshnessParts {
  readonly settings: FreshnessSettings;
  readonly prefix: string;
  readonly freshMs: number;
  readonly store: Pick<ModuleStore, "versions">;
  readonly catalog: VersionCatalog;
  readonly state: ProxyState;
  readonly leases: Leases | undefined;
  readonly leaseLifetimeMs: number;
  readonly upstream: Upstream;
  readonly lists: VersionLists;
  readonly queries: QueryAnswers;
  readonly policy: AppliedPolicy;
  readonly queue: (module: ModuleVersion) => Promise<void>;
  readonly keep: (module: ModuleVersion, signal: AbortSignal) => Promise<void>;
  readonly recheck: CrawlParts["recheck"];
  readonly hostOf: (path: ModulePath) => string;
  readonly readBelow: ReadBelow;
  readonly expireNames: () => void;
  /** Forgets the ready answers that may have changed. */
  readonly expireAnswers: () => void;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** The parts that keep answers up to date. Nothing runs by itself before `start`. */
export interface OpenedFreshness extends AsyncDisposable {
  readonly pushes: PushRequests;
  readonly counts: UseCounts;
  crawl(
    order: CrawlOrder,
    signal: AbortSignal,
    tell: (event: CrawlEvent) => void,
  ): Promise<CrawlSummary>;
  /** Begins with what is done without being asked for. */
  start(): void;
}

export function openFreshness(parts: FreshnessParts): OpenedFreshness {
  const { settings, state, policy, lists, queries, expireAnswers, log } = parts;
  const running = new AsyncDisposableStack();
  const counts = running.use(new UseCounts({ uses: state.uses, log }));
  const { keep, queue, store, catalog, upstream, hostOf, expireNames } = parts;
  const refresh = new ModuleRefresh({
    ...{ store, catalog, upstream, lists, queries, policy, queue, keep, expireNames },
    expireAnswers,
    patienceMs: settings.hookPatienceMs,
  });
  const { feeds, paceMs, restMs, everyMs, patterns, usedMs, versions, recheckDays } =
    settings.crawl;
  const crawler = new ModuleCrawl({
    ...{ store, catalog, policy, hostOf, recheck: parts.recheck },
    async list(path, signal) {
      const versions = await lists.refresh(path, signal);
      expireAnswers();
      return versions;
    },
    async keep(module, signal) {
      await keep(module, signal);
      expireAnswers();
    },
    feeds: feeds.map((address) => indexFeed(address, parts.readBelow)),
    uses: state.uses,
    bookmarks: state.bookmarks,
    // What shares the state crawls once, also where fetches are agreed upon in memory.
    leases: parts.leases ?? new RenewedLeases(state.leases, { lifetimeMs: parts.leaseLifetimeMs }),
    hosts: new PacedHosts({ intervalMs: paceMs, restMs, longestRestMs }, () => performance.now()),
    workers: crawlWorkers,
  });
  const crawl = measuredCrawl(crawler, parts.metrics);
  return {
    pushes: new PushRequests({ secrets: settings.hookSecrets, refresh }),
    counts,
    crawl,
    start() {
      if (settings.hotLists > 0 && parts.freshMs > 0) {
        running.use(
          new FreshLists({
            freshMs: parts.freshMs,
            hottest: () => counts.hottest(settings.hotLists).map((path) => parseModulePath(path)),
            async refresh(path, signal) {
              const question = { endpoint: "list", path, version: undefined } as const;
              const { decision } = await policy.decide(question, signal);
              const { action } = decision.onMiss;
              if (action !== "fetch" && action !== "queue") return;
              await lists.renew(path, signal);
              expireAnswers();
            },
          }),
        );
      }
      if (everyMs === 0) return;
      const order = (): CrawlOrder => {
        const usedSince = usedMs === 0 ? undefined : new Date(Date.now() - usedMs);
        const recheck = recheckDays === 0 ? "none" : { days: recheckDays };
        return { patterns, versions, usedSince, recheck };
      };
      const tell = (event: CrawlEvent): void => {
        if (event.kind !== "failed") return;
        const { path, version, failure } = event;
        log.warn("crawling failed", { path, version, error: failure });
      };
      running.use(
        new WorkSchedule({
          name: "crawl",
          work: (signal) => crawl(order(), signal, tell),
          bookmarks: state.bookmarks,
          everyMs,
          log,
        }),
      );
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** The same, counted. */
function measuredCrawl(crawler: ModuleCrawl, metrics: Metrics): OpenedFreshness["crawl"] {
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
