// What keeps the answers up to date, put together: hooks, the hottest lists, the crawler and its clock, and notices.
import { type ModuleVersion, parseModulePath } from "@stoa/gomod";
import type { ProxyState } from "./adapters/sql-state/open-state.ts";
import type { AppliedPolicy } from "./application/apply-policy.ts";
import { UseCounts } from "./application/count-uses.ts";
import { FreshLists } from "./application/keep-lists-fresh.ts";
import type { VersionLists } from "./application/list-versions.ts";
import { ModuleRefresh } from "./application/refresh-modules.ts";
import type { QueryAnswers } from "./application/resolve-query.ts";
import type { Upstream } from "./domain/upstream.ts";
import type { HookHost } from "./http/hook-signatures.ts";
import { PushRequests } from "./http/push-requests.ts";
import {
  type CrawlerParts,
  type CrawlSettings,
  type OpenedCrawler,
  openCrawler,
} from "./open-crawler.ts";

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

interface FreshnessParts extends Omit<CrawlerParts, "list"> {
  readonly settings: FreshnessSettings;
  readonly freshMs: number;
  readonly state: Pick<ProxyState, "uses" | "bookmarks">;
  readonly upstream: Upstream;
  readonly lists: VersionLists;
  readonly queries: QueryAnswers;
  readonly policy: AppliedPolicy;
  readonly queue: (module: ModuleVersion) => Promise<void>;
  readonly expireNames: () => void;
  /** Forgets the ready answers that may have changed. */
  readonly expireAnswers: () => void;
}

/** The parts that keep answers up to date. Nothing runs by itself before `start`. */
export interface OpenedFreshness extends AsyncDisposable {
  readonly pushes: PushRequests;
  readonly counts: UseCounts;
  readonly crawl: OpenedCrawler["crawl"];
  /** Begins with what is done without being asked for. */
  start(): void;
}

export function openFreshness(parts: FreshnessParts): OpenedFreshness {
  const { settings, state, policy, lists, queries, expireAnswers, log } = parts;
  const running = new AsyncDisposableStack();
  const counts = running.use(new UseCounts({ uses: state.uses, log }));
  const { keep, queue, store, catalog, upstream, expireNames } = parts;
  const refresh = new ModuleRefresh({
    ...{ store, catalog, upstream, lists, queries, policy, queue, keep, expireNames },
    expireAnswers,
    patienceMs: settings.hookPatienceMs,
  });
  const crawler = openCrawler(settings.crawl, {
    ...parts,
    async list(path, signal) {
      const versions = await lists.refresh(path, signal);
      expireAnswers();
      return versions;
    },
    async keep(module, signal) {
      await keep(module, signal);
      expireAnswers();
    },
  });
  return {
    pushes: new PushRequests({ secrets: settings.hookSecrets, refresh }),
    counts,
    crawl: crawler.crawl,
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
      running.use(crawler.start());
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
