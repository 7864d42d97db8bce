// The module proxy, put together: every part and every wrapper in one visible list.
import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { hostname, networkInterfaces } from "node:os";
import { type ProxyListEntry, parseProxyList, redactUrl, type Version } from "@stoa/gomod";
import { requestIds } from "@stoa/serving";
import type { Log, Metrics, Traces } from "@stoa/telemetry";
import { fileUpstream } from "./adapters/file-upstream/file-upstream.ts";
import { GoproxyClient } from "./adapters/goproxy-upstream/goproxy-client.ts";
import { type LeasePlace, openLeases } from "./adapters/leases/open-leases.ts";
import { readPageFile } from "./adapters/page-files/page-file.ts";
import { openState, type StatePlace } from "./adapters/sql-state/open-state.ts";
import { WorkerZipCheck } from "./adapters/worker-zip-check/worker-zip-check.ts";
import { VersionAcceptance } from "./application/accept-version.ts";
import { AppliedPolicy, type PolicyInForce } from "./application/apply-policy.ts";
import { BackgroundStash } from "./application/background-stash.ts";
import type { CrawlEvent, CrawlOrder, CrawlSummary } from "./application/crawl-modules.ts";
import { LooseFileFetch } from "./application/fetch-loose-file.ts";
import { fetchMeter } from "./application/fetch-meter.ts";
import { IndexKeeper } from "./application/keep-index.ts";
import { VersionKeeping } from "./application/keep-version.ts";
import { VersionLists } from "./application/list-versions.ts";
import { measuredQueue } from "./application/measured-queue.ts";
import { measuredUpstream } from "./application/measured-upstream.ts";
import { DatabaseMirror } from "./application/mirror-databases.ts";
import { PatientLooseFiles, PatientStore } from "./application/patient-store.ts";
import { VersionFiles } from "./application/read-version-file.ts";
import { KeptRecords } from "./application/record-kept.ts";
import {
  type Capacity,
  type Lifetimes,
  RememberedAnswers,
} from "./application/remembered-answers.ts";
import { VersionRemoval } from "./application/remove-versions.ts";
import { requestContext } from "./application/request-context.ts";
import { QueryAnswers } from "./application/resolve-query.ts";
import { VersionSeeding } from "./application/seed-versions.ts";
import { Stash } from "./application/stash-version.ts";
import { InstanceWatch } from "./application/watch-instances.ts";
import { UpstreamWatch } from "./application/watch-upstream.ts";
import { watchedUpstream } from "./application/watched-upstream.ts";
import { type ChecksumSettings, checksumDatabases } from "./checksum-databases.ts";
import { hostAsked } from "./domain/host-asked.ts";
import { leadsToSelf } from "./domain/own-address.ts";
import { ProxyFailure } from "./domain/proxy-failure.ts";
import { routedUpstream } from "./domain/routed-upstream.ts";
import { readStored } from "./domain/stored-delivery.ts";
import { unlessItself } from "./domain/unless-itself.ts";
import type { InfoDocument, Upstream } from "./domain/upstream.ts";
import { upstreamChain } from "./domain/upstream-chain.ts";
import { publicZipLinks } from "./domain/zip-links.ts";
import { type GoCommandSettings, openGoCommand } from "./go-command.ts";
import { ExternalStorage } from "./http/external-storage.ts";
import { type GateRules, openAdminGate, openGate } from "./http/gate.ts";
import { HotAnswers } from "./http/hot-answers.ts";
import { ModuleAnswers } from "./http/module-answers.ts";
import { ProxyHandler } from "./http/proxy-handler.ts";
import type { ReadyAnswer } from "./http/ready-answer.ts";
import { RequestCounters } from "./http/request-counters.ts";
import { openCachedZips, type ZipCacheSettings } from "./open-cached-zips.ts";
import {
  type DirectSettings,
  openDirectUpstream,
  type RepositoryCredentials,
} from "./open-direct-upstream.ts";
import { type FreshnessSettings, openFreshness } from "./open-freshness.ts";
import {
  type HousekeepingSettings,
  type OpenedHousekeeping,
  openHousekeeping,
} from "./open-housekeeping.ts";
import { type IndexPlace, openIndex } from "./open-index.ts";
import { openNotices } from "./open-notices.ts";
import { type OpenedPolicy, openPolicyInForce, type PolicySettings } from "./open-policy.ts";
import { openSharedAnswers } from "./open-shared-answers.ts";
import { localFolder, openStorage, type StorageSettings } from "./open-storage.ts";

/** Everything about a module proxy that can be chosen. Durations in milliseconds. */
export interface ModuleProxySettings {
  readonly storage: StorageSettings;
  /** Where zips of a storage elsewhere are kept for a while; `undefined` for nowhere. */
  readonly zipCache: ZipCacheSettings | undefined;
  readonly upstreams: RepositoryCredentials & {
    /** In GOPROXY's grammar. */
    readonly goproxy: string;
    /** In GONOPROXY's grammar: modules that no proxy may be asked for. */
    readonly noproxy: string;
    /** The file that Mercurial is to read instead of the user's own: its HGRCPATH. */
    readonly hgrcPath: string | undefined;
    /** The HTTP proxies on the way to them, as in HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
    readonly proxies: {
      readonly http?: string | undefined;
      readonly https?: string | undefined;
      readonly exceptions?: string | undefined;
    };
    readonly connections: number;
    readonly queue: number;
    readonly timeoutMs: number;
    readonly connectMs: number;
    readonly firstByteMs: number;
    readonly progressMs: number;
  };
  readonly goCommand: GoCommandSettings;
  readonly direct: DirectSettings;
  readonly policy: PolicySettings & {
    readonly validatorTimeoutMs: number;
    /** How long a verdict of the validator is remembered. */
    readonly validatorLifetimeMs: number;
    /** The status of redirects by the download mode. */
    readonly redirectStatus: number;
  };
  readonly background: {
    /** How many versions are fetched at once for the queue. */
    readonly workers: number;
    /** How many versions may wait. */
    readonly queue: number;
  };
  /** Where the proxy's own state is kept: the queue, recorded hashes, the index. Losing it loses no module. */
  readonly state: StatePlace;
  /** How the answers are kept up to date. */
  readonly freshness: FreshnessSettings;
  /** How the store is kept in bounds. */
  readonly housekeeping: HousekeepingSettings;
  /** By what several instances agree who fetches a version. */
  readonly leases: LeasePlace;
  /** How long a lease outlives its holder. */
  readonly leaseLifetimeMs: number;
  /** Where it is noted when versions came: in the state, in memory, in a table of Athens', or nowhere. */
  readonly index: IndexPlace;
  /** Whether the pages for administrators are served. */
  readonly adminApi: boolean;
  readonly checksums: ChecksumSettings;
  readonly lifetimes: Lifetimes;
  /** How much memory may be used for small answers that are ready to be sent. */
  readonly hotBytes: number;
  /** Where the proxy is mounted: "" or "/a/b". */
  readonly pathPrefix: string;
  /** Who is let in. */
  readonly gate: Omit<GateRules, "prefix" | "storage">;
  /** Where, below the prefix, other programs may keep modules here, and as whom; `undefined` for nowhere. */
  readonly external:
    | { readonly path: string; readonly user: string; readonly token: string }
    | undefined;
  readonly pages: {
    readonly showsMetrics: boolean;
    /** Files of the operator, shown if they are there. */
    readonly homeTemplatePath: string;
    readonly robotsPath: string;
    readonly noSumPatterns: readonly string[];
  };
  /** The program's version, for /version. */
  readonly version: string;
}

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

/** How much of lists and query answers is remembered. */
const rememberedCapacity: Capacity = { entries: 50_000, bytes: 64 << 20 };

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
  const ownHop = randomBytes(8).toString("hex");
  const own = { port: 0, hosts: ownHosts() };
  const now = (): number => performance.now();
  const list = parseProxyList(settings.upstreams.goproxy);

  const storage = await openStorage(settings.storage);
  const { catalog, removal } = storage;
  const { store, loose } = storage.isRemote
    ? { store: new PatientStore(storage.store), loose: new PatientLooseFiles(storage.loose) }
    : storage;
  const cached =
    settings.zipCache && (await openCachedZips(settings.zipCache, { store, log, metrics }));
  const trash = settings.housekeeping.trashMs === 0 ? undefined : storage.trash;
  const state = await openState(settings.state, {
    mostJobs: settings.background.queue,
    takesOver: isServer,
  });
  const notices = openNotices(settings.freshness.notices, { queue: state.notices, log, metrics });
  const zipCheck = new WorkerZipCheck();
  const client = new GoproxyClient({
    ...settings.upstreams,
    ownHop,
    hops: () => requestContext.getStore()?.hops ?? [],
  });
  metrics.collected(
    "stoa_upstream_queue_waiting",
    "Requests to upstreams that wait for their turn.",
    "gauge",
    () => client.waiting,
  );
  const goCommand = await openGoCommand({
    settings: settings.goCommand,
    credentials: settings.upstreams,
    root: localFolder(settings.storage),
    log,
    metrics,
  });
  if (settings.goCommand.isForAll) void goCommand.check();
  const remoteProxy = (url: string): Upstream => unlessItself(client.upstream(url), url, own);
  const proxyAt = (url: string): Upstream =>
    url.startsWith("file:") ? fileUpstream(url) : remoteProxy(url);
  const direct = openDirectUpstream(settings.direct, {
    credentials: settings.upstreams,
    proxyAt: remoteProxy,
    otherVcs: goCommand,
  });
  const repositories = settings.goCommand.isForAll ? goCommand : direct.upstream;
  const upstream = measuredUpstream(
    routedUpstream({
      patterns: settings.upstreams.noproxy,
      matching: repositories,
      others: upstreamChain(list, { proxy: proxyAt, direct: repositories }),
    }),
    metrics,
  );

  const opened = await openIndex(settings.index, state);
  const index = opened?.index;
  const indexKeeper = opened && new IndexKeeper({ ...opened, catalog, log });
  const databases = checksumDatabases({
    settings: settings.checksums,
    upstreams: list,
    client,
    own,
    isOffline: () => policy.isOffline,
    root: localFolder(settings.storage),
    log,
    metrics,
    raise: notices.raise,
  });
  const { verification } = databases;
  const looseFetch = new LooseFileFetch(loose, upstream, verification);
  const leases = await openLeases(settings.leases, {
    ofState: state.leases,
    lifetimeMs: settings.leaseLifetimeMs,
  });
  const { hashes, journal } = state;
  const records = new KeptRecords({ store, hashes, journal, index: indexKeeper, loose, log });
  const keeping = new VersionKeeping({ store, zipCheck, records: notices.records(records) });
  const observe = fetchMeter(metrics);
  const stash = new Stash({
    ...{ store, loose: looseFetch, upstream, verification, keeping, leases, observe },
  });
  const sharedAnswers = openSharedAnswers(state, {
    upstreams: [...list.map((entry) => wordsOf(entry)), settings.upstreams.noproxy],
    leaseLifetimeMs: settings.leaseLifetimeMs,
  });
  const lists = new RememberedAnswers<readonly Version[]>({
    fleet: sharedAnswers.lists,
    lifetimes: settings.lifetimes,
    capacity: rememberedCapacity,
    sizeOf: (versions) => 40 * versions.length,
    now,
  });
  const queries = new RememberedAnswers<InfoDocument>({
    fleet: sharedAnswers.queries,
    lifetimes: settings.lifetimes,
    capacity: rememberedCapacity,
    sizeOf: ({ bytes }) => bytes.length + 400,
    now,
  });
  const inForce = (chosen: PolicySettings): PolicyInForce & OpenedPolicy =>
    openPolicyInForce(chosen, { ...settings.policy, log, now });
  const first = inForce(settings.policy);
  const policy = new AppliedPolicy(first, notices.refused);
  const background = new BackgroundStash({
    queue: state.jobs,
    keep: (module, signal) => stash.keep(module, signal),
    log,
    workers: settings.background.workers,
    now: () => new Date(),
  });
  measuredQueue(state.jobs, background, metrics);
  const seeding = new VersionSeeding({
    allow: async ({ path, version }, signal) => {
      const { decision } = await policy.decide({ endpoint: "zip", path, version }, signal);
      if (decision.onMiss.action !== "fetch" && decision.onMiss.action !== "queue") {
        throw new ProxyFailure("refused", "the policy lets nobody fetch it through this proxy");
      }
    },
    isKept: async (module) => {
      await using info = await store.open(module, "info");
      return info !== undefined;
    },
    keep: (module, signal) => stash.keep(module, signal),
    mod: async (module, signal) => {
      const whole = await store.open(module, "mod");
      if (whole === undefined) return looseFetch.fetch(module, "mod", signal);
      await using file = whole;
      return { bytes: await readStored(file), from: undefined };
    },
    info: (module, signal) => looseFetch.fetch(module, "info", signal),
    atOnce: Math.max(4, Math.min(32, settings.upstreams.connections)),
  });
  const privateNames = [settings.upstreams.noproxy, settings.checksums.nosumdb];
  const hot = new HotAnswers<ReadyAnswer>({ capacityBytes: settings.hotBytes, now });
  const { homeTemplatePath, robotsPath, ...shown } = settings.pages;
  const external = settings.external && {
    ...settings.external,
    base: `${settings.pathPrefix}${settings.external.path}`,
  };
  const { bookmarks } = state;
  const watch = new UpstreamWatch({ store, upstream, bookmarks, raise: notices.raise, log });
  const watched = watchedUpstream(upstream, watch);
  const versionLists = new VersionLists({ store, upstream: watched, remembered: lists });
  const queryAnswers = new QueryAnswers({ store, upstream: watched, remembered: queries });
  const freshness = openFreshness({
    settings: settings.freshness,
    prefix: settings.pathPrefix,
    freshMs: settings.lifetimes.freshMs,
    ...{ store, catalog, state, leases, upstream: watched, policy, log, metrics },
    leaseLifetimeMs: settings.leaseLifetimeMs,
    lists: versionLists,
    queries: queryAnswers,
    queue: (module) => background.add(module),
    keep: (module, signal) => stash.keep(module, signal),
    hostOf: (path) => hostAsked(path, list, settings.upstreams.noproxy),
    readBelow: (base, file, signal) =>
      client.documents(base).read({ file, subject: undefined, mostBytes: 2 ** 24 }, signal),
    expireNames: () => direct.expireNames(),
    expireAnswers: () => hot.expire(),
  });
  const housekeeping = openHousekeeping({
    settings: settings.housekeeping,
    leaseLifetimeMs: settings.leaseLifetimeMs,
    ...{ storage, state, leases, policy, watch, index, log, metrics },
  });
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
    background.isPaused = !isServer || chosen.policy.network === "offline";
    for (const note of chosen.notes) log.warn(note);
  };
  enact(first);
  if (isServer) {
    void records.resume().then(() => indexKeeper?.fill());
    freshness.start();
    sharedAnswers.follow({ lists, queries, expireAnswers: () => hot.expire(), metrics });
    housekeeping.start();
  }

  const { marks } = storage;
  const instances =
    isServer && marks !== undefined
      ? new InstanceWatch({
          ...{ marks, log },
          isAlone: leases === undefined,
          everyMs: 2 * settings.leaseLifetimeMs,
        })
      : undefined;
  metrics.collected(
    "stoa_storage_instances",
    "Running instances on this storage, as far as this one has noticed them.",
    "gauge",
    () => 1 + (instances?.others ?? 0),
  );

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
    async complaints() {
      const isDirect = list.some(({ kind }) => kind === "direct");
      if (!isDirect && settings.upstreams.noproxy === "") return [];
      const complaint = await direct.complaint();
      return complaint === undefined ? [] : [`fetching from repositories: ${complaint}`];
    },
    async prepareCredentials(source) {
      const enacts = await Promise.all(
        [client, direct].map((part) => part.prepareCredentials(source)),
      );
      return () => {
        for (const put of enacts) put();
      };
    },
    seed: (...order) => seeding.run(...order),
    async [Symbol.asyncDispose]() {
      records[Symbol.dispose]();
      await instances?.[Symbol.asyncDispose]();
      await sharedAnswers[Symbol.asyncDispose]();
      await housekeeping[Symbol.asyncDispose]();
      await freshness[Symbol.asyncDispose]();
      await watch[Symbol.asyncDispose]();
      await notices[Symbol.asyncDispose]();
      await background[Symbol.asyncDispose]();
      await indexKeeper?.[Symbol.asyncDispose]();
      await opened?.[Symbol.asyncDispose]();
      await direct[Symbol.asyncDispose]();
      await leases?.[Symbol.asyncDispose]();
      await state[Symbol.asyncDispose]();
      await client[Symbol.asyncDispose]();
      await goCommand[Symbol.asyncDispose]();
      await databases[Symbol.asyncDispose]();
      await zipCheck.close();
      await cached?.[Symbol.asyncDispose]();
      await storage[Symbol.asyncDispose]();
    },
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
