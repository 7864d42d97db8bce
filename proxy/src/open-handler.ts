// What answers requests, put together: modules, checksum databases, pages, records and orders, behind their gates.
import { requestIds } from "@stoa/serving";
import type { Log, Metrics, Traces } from "@stoa/telemetry";
import { readPageFile } from "./adapters/page-files/page-file.ts";
import type { ProxyState } from "./adapters/sql-state/open-state.ts";
import type { AppliedPolicy } from "./application/apply-policy.ts";
import type { BackgroundStash } from "./application/background-stash.ts";
import { DatabaseMirror } from "./application/mirror-databases.ts";
import { VersionFiles } from "./application/read-version-file.ts";
import type { VersionSeeding } from "./application/seed-versions.ts";
import type { ChecksumDatabases } from "./checksum-databases.ts";
import { leadsToSelf, type OwnAddress } from "./domain/own-address.ts";
import type { VersionIndex } from "./domain/version-index.ts";
import { publicZipLinks } from "./domain/zip-links.ts";
import { openAdminGate, openGate } from "./http/gate.ts";
import type { HotAnswers } from "./http/hot-answers.ts";
import { ModuleAnswers } from "./http/module-answers.ts";
import type { PageParts } from "./http/page-answers.ts";
import { ProxyHandler } from "./http/proxy-handler.ts";
import type { ReadyAnswer } from "./http/ready-answer.ts";
import { RequestCounters } from "./http/request-counters.ts";
import type { ModuleProxySettings } from "./module-proxy-settings.ts";
import { openExternalStorage } from "./open-external-storage.ts";
import type { OpenedFreshness } from "./open-freshness.ts";
import type { OpenedKeptModules } from "./open-kept-modules.ts";
import type { OpenedAnswers } from "./open-remembered-answers.ts";
import type { OpenedStash } from "./open-stash.ts";

interface HandlerSources {
  readonly settings: ModuleProxySettings;
  readonly kept: OpenedKeptModules;
  readonly state: Pick<ProxyState, "hashes" | "keepLists">;
  readonly databases: Pick<ChecksumDatabases, "verification" | "mirrored">;
  readonly stashing: OpenedStash;
  readonly index: VersionIndex | undefined;
  readonly policy: AppliedPolicy;
  readonly background: BackgroundStash;
  readonly answers: Pick<OpenedAnswers, "lists" | "queries">;
  readonly freshness: Pick<OpenedFreshness, "counts" | "pushes">;
  readonly seeding: VersionSeeding;
  readonly hot: HotAnswers<ReadyAnswer>;
  readonly own: OwnAddress;
  /** This instance's own name among the hops of a request. */
  readonly ownHop: string;
  /** In milliseconds, of a clock that never goes back. */
  readonly now: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly traces: Traces | undefined;
}

export function openHandler(sources: HandlerSources): ProxyHandler {
  const { settings, kept, state, stashing, index, policy, freshness, hot } = sources;
  const { pathPrefix: prefix, lifetimes, adminApi } = settings;
  const { verification, mirrored } = sources.databases;
  const { log, metrics, traces, ownHop, now, seeding } = sources;
  const external = openExternalStorage({
    ...{ settings, kept, verification, index },
    keeping: stashing.keeping,
    hashes: state.hashes,
    onRemoved: () => hot.clear(),
  });
  return new ProxyHandler({
    uses: freshness.counts,
    gate: openGate({ ...settings.gate, prefix, storage: external?.place }),
    adminGate: openAdminGate(settings.gate),
    answers: moduleAnswers(sources),
    mirror: new DatabaseMirror({
      databases: mirrored,
      exempt: settings.checksums.nosumdb,
      isOffline: () => policy.isOffline,
      ...{ lifetimes, now },
    }),
    pages: pagesOf(sources),
    records: {
      ...{ catalog: kept.catalog, index },
      explain: adminApi ? (module) => policy.explain(module) : undefined,
    },
    external: external?.storage,
    orders: { pushes: freshness.pushes, seeding, adminApi, keepLists: state.keepLists },
    ...{ hot, log, traces, ownHop },
    counters: new RequestCounters(metrics),
    requestId: requestIds("Athens-Request-ID"),
    lifetimeMs: lifetimes.freshMs,
    absenceSeconds: Math.ceil(lifetimes.absentMs / 1000),
  });
}

function moduleAnswers(sources: HandlerSources): ModuleAnswers {
  const { settings, kept, stashing, policy, background, answers, own } = sources;
  const { loose, stash } = stashing;
  const { links } = kept.storage;
  const privateNames = [settings.upstreams.noproxy, settings.checksums.nosumdb];
  return new ModuleAnswers({
    files: new VersionFiles({ store: kept.shelf, loose, stash }),
    links: links && publicZipLinks(links, privateNames),
    lists: answers.lists,
    queries: answers.queries,
    ...{ policy, background },
    isSelf: (url) => leadsToSelf(url, own),
    redirectStatus: settings.policy.redirectStatus,
    lifetimeMs: settings.lifetimes.freshMs,
  });
}

function pagesOf({ settings, kept, metrics }: HandlerSources): PageParts {
  const { homeTemplatePath, robotsPath, ...shown } = settings.pages;
  return {
    ...{ ...shown, metrics },
    version: settings.version,
    prefix: settings.pathPrefix,
    checkStore: () => kept.store.check(),
    homeTemplate: () => readPageFile(homeTemplatePath),
    robots: () => readPageFile(robotsPath),
  };
}
