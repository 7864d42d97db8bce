// The module proxy, put together: every part and every wrapper in one visible list.
import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { hostname, networkInterfaces } from "node:os";
import { type ProxyListEntry, parseProxyList, redactUrl } from "@stoa/gomod";
import { requestIds } from "@stoa/serving";
import type { Log, Metrics, Traces } from "@stoa/telemetry";
import type { Lingering } from "./adapters/disk-module-store/recent-loose-files.ts";
import { openLeases } from "./adapters/leases/open-leases.ts";
import { readPageFile } from "./adapters/page-files/page-file.ts";
import { RenewedLeases } from "./adapters/leases/renewed-leases.ts";
import { openState } from "./adapters/sql-state/open-state.ts";
import { WorkerZipCheck } from "./adapters/worker-zip-check/worker-zip-check.ts";
import { VersionAcceptance } from "./application/accept-version.ts";
import { AppliedPolicy, type PolicyInForce } from "./application/apply-policy.ts";
import { BackgroundStash } from "./application/background-stash.ts";
import { UpstreamComparison } from "./application/compare-upstream.ts";
import type { CrawlEvent, CrawlOrder, CrawlSummary } from "./application/crawl-run.ts";
import { LooseFileFetch } from "./application/fetch-loose-file.ts";
import { fetchMeter } from "./application/fetch-meter.ts";
import { IndexKeeper } from "./application/keep-index.ts";
import { VersionKeeping } from "./application/keep-version.ts";
import { VersionLists } from "./application/list-versions.ts";
import { measuredQueue } from "./application/measured-queue.ts";
import { DatabaseMirror } from "./application/mirror-databases.ts";
import { patientStorage } from "./application/patient-store.ts";
import { VersionFiles } from "./application/read-version-file.ts";
import { KeptRecords } from "./application/record-kept.ts";
import { VersionRemoval } from "./application/remove-versions.ts";
import { QueryAnswers } from "./application/resolve-query.ts";
import type { VersionSeeding } from "./application/seed-versions.ts";
import { Stash } from "./application/stash-version.ts";
import { InstanceWatch } from "./application/watch-instances.ts";
import { UpstreamWatch } from "./application/watch-upstream.ts";
import { watchedUpstream } from "./application/watched-upstream.ts";
import { checksumDatabases } from "./checksum-databases.ts";
import { hostAsked } from "./domain/host-asked.ts";
import { leadsToSelf } from "./domain/own-address.ts";
import { publicZipLinks } from "./domain/zip-links.ts";
import { ExternalStorage } from "./http/external-storage.ts";
import { openAdminGate, openGate } from "./http/gate.ts";
import { HotAnswers } from "./http/hot-answers.ts";
import { ModuleAnswers } from "./http/module-answers.ts";
import { ProxyHandler } from "./http/proxy-handler.ts";
import type { ReadyAnswer } from "./http/ready-answer.ts";
import { RequestCounters } from "./http/request-counters.ts";
import type { ModuleProxySettings } from "./module-proxy-settings.ts";
import { openCachedZips } from "./open-cached-zips.ts";
import type { RepositoryCredentials } from "./open-direct-upstream.ts";
import { openFreshness } from "./open-freshness.ts";
import { type OpenedHousekeeping, openHousekeeping } from "./open-housekeeping.ts";
import { openIndex } from "./open-index.ts";
import { openNotices } from "./open-notices.ts";
import { type OpenedPolicy, openPolicyInForce, type PolicySettings } from "./open-policy.ts";
import { markOf, openRememberedAnswers } from "./open-remembered-answers.ts";
import { openSeeding } from "./open-seeding.ts";
import { localFolder, openStorage } from "./open-storage.ts";
import { openUpstreams } from "./open-upstreams.ts";
import { trustForEngines } from "./trust-machine.ts";

/** A running module proxy, to be given to a server. */
export interface ModuleProxy extends AsyncDisposable {
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void;
  /**
   * Says on which port the proxy is served, so that a GOPROXY entry that leads back to it is recognised. Returns the
   * entries that do.
   */
  servedOn(port: number): readonly string[];
  /** Goes through the store once and fetches what is new. Rejects as `ModuleCrawl.run`. */
  crawl(
    order: CrawlOrder,
    signal: AbortSignal,
    tell: (event: CrawlEvent) => void,
  ): Promise<CrawlSummary>;
  /** Removes what the rules say may go, or says what it would remove; see `Retention.run`. */
  readonly retain: OpenedHousekeeping["retain"];
  /** Sentences about what is missing on this machine: programs that the settings need. */
  complaints(): Promise<readonly string[]>;
  /**
   * Reads another policy. The function that comes back puts it in force; requests that run then end by the old one. Throws
   * `PolicyProblems` if it cannot be used.
   */
  preparePolicy(settings: PolicySettings): () => void;
  /**
   * Reads the credentials for upstreams and repositories anew; the function that comes back puts them in force. Rejects with a sentence if
   * a named file cannot be read.
   */
  prepareCredentials(source: RepositoryCredentials): Promise<() => void>;
  /** Fetches what builds will ask for; see `VersionSeeding.run`. */
  seed(...order: Parameters<VersionSeeding["run"]>): Promise<void>;
}

/** From the first go.mod that a build reads to its last zip it takes about this long. */
const lingeringMs = 30_000;

/**
 * Puts a module proxy together. Rejects with an `Error` whose message is a sentence if the store cannot be opened or the
 * GOPROXY list cannot be read.
 */
export async function openModuleProxy(
  settings: ModuleProxySettings,
  {
    log,
    metrics,
    traces,
    isServer = true,
  }: {
    readonly log: Log;
    readonly metrics: Metrics;
    /** Where requests are traced. */
    readonly traces?: Traces | undefined;
    /** False for a command beside a server: nothing is done that it has not been told to do. */
    readonly isServer?: boolean;
  },
): Promise<ModuleProxy> {
  await using opening = new AsyncDisposableStack();
  const ownHop = randomBytes(8).toString("hex");
  const own = { port: 0, hosts: ownHosts() };
  const now = (): number => performance.now();
  const list = parseProxyList(settings.upstreams.goproxy);

  const isAlone = isServer && settings.leases.kind === "memory";
  const storage = opening.use(
    await openStorage(settings.storage, isAlone ? lingering(log) : undefined),
  );
  const { removal } = storage;
  const { store, loose, catalog } = storage.isRemote ? patientStorage(storage) : storage;
  const cached = opening.use(
    settings.zipCache && (await openCachedZips(settings.zipCache, { store, log, metrics })),
  );
  trustForEngines(settings);
  const trash = settings.housekeeping.trashMs === 0 ? undefined : storage.trash;
  const state = opening.use(
    await openState(settings.state, {
      mostJobs: settings.background.queue,
      takesOver: isServer,
    }),
  );
  const isShared = state.answers !== undefined;
  const notices = opening.use(
    openNotices(settings.freshness.notices, {
      ...{ queue: state.notices, isShared, log, metrics },
    }),
  );
  const zipCheck = opening.adopt(new WorkerZipCheck(), (check) => check.close());
  const upstreams = opening.use(
    await openUpstreams({ settings, ...{ list, own, ownHop, log, metrics } }),
  );
  const { client, direct, upstream } = upstreams;

  const opened = opening.use(await openIndex(settings.index, state));
  const index = opened?.index;
  const indexKeeper = opening.use(opened && new IndexKeeper({ ...opened, catalog, log }));
  const databases = opening.use(
    checksumDatabases({
      settings: settings.checksums,
      upstreams: list,
      client,
      own,
      isOffline: () => policy.isOffline,
      root: localFolder(settings.storage),
      log,
      metrics,
      raise: notices.raise,
    }),
  );
  const { verification } = databases;
  const looseFetch = new LooseFileFetch(loose, upstream, verification);
  const leases = opening.use(
    await openLeases(settings.leases, {
      ofState: state.leases,
      lifetimeMs: settings.leaseLifetimeMs,
    }),
  );
  // What shares the state is crawled and looked after once, also where fetches are agreed upon in memory.
  const stateLeases =
    leases ?? new RenewedLeases(state.leases, { lifetimeMs: settings.leaseLifetimeMs });
  const { hashes, journal } = state;
  const records = new KeptRecords({ store, hashes, journal, index: indexKeeper, loose, log });
  const keeping = opening.use(
    new VersionKeeping({ store, zipCheck, records: notices.records(records) }),
  );
  const observe = fetchMeter(metrics);
  const stash = new Stash({
    ...{ store, loose: looseFetch, upstream, verification, keeping, leases, observe },
  });
  const upstreamWords = [...list.map((entry) => wordsOf(entry)), settings.upstreams.noproxy];
  const remembered = openRememberedAnswers(state, {
    upstreams: markOf(upstreamWords),
    leaseLifetimeMs: settings.leaseLifetimeMs,
    lifetimes: settings.lifetimes,
    now,
  });
  const inForce = (chosen: PolicySettings): PolicyInForce & OpenedPolicy =>
    openPolicyInForce(chosen, { ...settings.policy, log, now });
  const first = inForce(settings.policy);
  const policy = new AppliedPolicy(first, notices.refused);
  const { gosumdb, nosumdb } = settings.checksums;
  const background = opening.use(
    new BackgroundStash({
      queue: state.jobs,
      // A checksum database is told the name, too.
      upstreams: isShared ? markOf([...upstreamWords, gosumdb, nosumdb]) : undefined,
      mayFetch: (module, signal) => policy.mayFetch(module, signal),
      keep: (module, signal) => stash.keep(module, signal),
      log,
      workers: settings.background.workers,
      now: () => new Date(),
    }),
  );
  measuredQueue(state.jobs, background, metrics);
  const seeding = openSeeding({
    ...{ store, stash, policy, loose: looseFetch },
    connections: settings.upstreams.connections,
  });
  const privateNames = [settings.upstreams.noproxy, settings.checksums.nosumdb];
  const hot = new HotAnswers<ReadyAnswer>({ capacityBytes: settings.hotBytes, now });
  const { homeTemplatePath, robotsPath, ...shown } = settings.pages;
  const external = settings.external && {
    ...settings.external,
    base: `${settings.pathPrefix}${settings.external.path}`,
  };
  const watch = opening.use(
    new UpstreamWatch({
      ...{ store, upstream, bookmarks: state.bookmarks, raise: notices.raise, log },
      bytes: new UpstreamComparison({ store, upstream, hashes, keeping, zipCheck, verification }),
      commits: (...question) => upstreams.tagCommits(...question),
    }),
  );
  const watched = watchedUpstream(upstream, watch);
  const versionLists = new VersionLists({ store, upstream: watched, remembered: remembered.lists });
  const queryAnswers = new QueryAnswers({
    store,
    upstream: watched,
    remembered: remembered.queries,
  });
  const freshness = opening.use(
    openFreshness({
      settings: settings.freshness,
      freshMs: settings.lifetimes.freshMs,
      ...{ store, catalog, state, upstream: watched, policy, log, metrics },
      leases: stateLeases,
      lists: versionLists,
      queries: queryAnswers,
      queue: (module) => background.add(module),
      keep: (module, signal) => stash.keep(module, signal),
      recheck: (module, signal) => watch.recheck(module, signal),
      hostOf: (path) => hostAsked(path, list, settings.upstreams.noproxy),
      readBelow: (base, file, signal) =>
        client.documents(base).read({ file, subject: undefined, mostBytes: 2 ** 24 }, signal),
      expireNames: () => direct.expireNames(),
      expireAnswers: () => hot.expire(),
    }),
  );
  const housekeeping = opening.use(
    openHousekeeping({
      settings: settings.housekeeping,
      leases: stateLeases,
      ...{ storage, state, policy, watch, index, log, metrics },
    }),
  );
  const handler = new ProxyHandler({
    uses: freshness.counts,
    gate: openGate({
      ...settings.gate,
      prefix: settings.pathPrefix,
      storage: external,
    }),
    adminGate: openAdminGate(settings.gate),
    answers: new ModuleAnswers({
      files: new VersionFiles({ store: cached?.store ?? store, loose: looseFetch, stash }),
      links: storage.links && publicZipLinks(storage.links, privateNames),
      lists: versionLists,
      queries: queryAnswers,
      policy,
      background,
      isSelf: (url) => leadsToSelf(url, own),
      redirectStatus: settings.policy.redirectStatus,
      lifetimeMs: settings.lifetimes.freshMs,
    }),
    mirror: new DatabaseMirror({
      databases: databases.mirrored,
      exempt: settings.checksums.nosumdb,
      isOffline: () => policy.isOffline,
      lifetimes: settings.lifetimes,
      now,
    }),
    pages: {
      metrics,
      version: settings.version,
      prefix: settings.pathPrefix,
      checkStore: () => store.check(),
      ...shown,
      homeTemplate: () => readPageFile(homeTemplatePath),
      robots: () => readPageFile(robotsPath),
    },
    records: {
      catalog,
      index,
      explain: settings.adminApi ? (module) => policy.explain(module) : undefined,
    },
    external:
      external &&
      new ExternalStorage({
        base: external.base,
        store,
        acceptance: new VersionAcceptance({ store, keeping, verification }),
        removal: removal && new VersionRemoval({ store: removal, trash, hashes, index }),
        onRemoved: () => hot.clear(),
      }),
    orders: {
      ...{ pushes: freshness.pushes, seeding, adminApi: settings.adminApi },
      keepLists: state.keepLists,
    },
    hot,
    counters: new RequestCounters(metrics),
    log,
    traces,
    requestId: requestIds("Athens-Request-ID"),
    ownHop,
    lifetimeMs: settings.lifetimes.freshMs,
    absenceSeconds: Math.ceil(settings.lifetimes.absentMs / 1000),
  });

  const enact = (chosen: PolicyInForce & OpenedPolicy): void => {
    policy.replace(chosen);
    hot.clear();
    background.policyChanged({ isPaused: !isServer || chosen.policy.network === "offline" });
    for (const note of chosen.notes) log.warn(note);
  };
  enact(first);
  if (isServer) {
    void records.resume().then(() => indexKeeper?.fill());
    freshness.start();
    remembered.follow({ expireAnswers: () => hot.expire(), metrics });
    housekeeping.start();
  }

  const { marks } = storage;
  const instances = opening.use(
    isServer && marks !== undefined
      ? new InstanceWatch({
          ...{ marks, log },
          isAlone: leases === undefined,
          everyMs: 2 * settings.leaseLifetimeMs,
        })
      : undefined,
  );
  metrics.collected(
    "stoa_storage_instances",
    "Running instances on this storage, as far as this one has noticed them.",
    "gauge",
    () => 1 + (instances?.others ?? 0),
  );
  // First nothing more is taken up of what earlier processes left, and nobody is told of what others learn.
  opening.use(remembered);
  opening.use(records);

  const parts = opening.move();
  return {
    handle: handler.handle,
    crawl: freshness.crawl,
    retain: housekeeping.retain,
    preparePolicy(chosen) {
      const next = inForce(chosen);
      return () => enact(next);
    },
    servedOn(port) {
      own.port = port;
      return list.flatMap((entry) =>
        entry.kind === "proxy" && leadsToSelf(entry.url, own) ? [new URL(entry.url).host] : [],
      );
    },
    complaints: upstreams.complaints,
    prepareCredentials: upstreams.prepareCredentials,
    seed: (...order) => seeding.run(...order),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

function lingering(log: Log): Lingering {
  return {
    ms: lingeringMs,
    onTrouble: (error) => log.warn("loose files could not be written to the disk yet", { error }),
  };
}

/** An entry without its credentials. */
function wordsOf(entry: ProxyListEntry): string {
  return entry.kind === "proxy" ? `${redactUrl(entry.url)} ${entry.onFailure}` : entry.kind;
}

/** Names and addresses of this machine. */
function ownHosts(): readonly string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return [hostname(), ...addresses.map(({ address }) => address)];
}
