// The module proxy, put together: every part and every wrapper in one visible list.
import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { hostname, networkInterfaces } from "node:os";
import { parseProxyList } from "@stoa/gomod";
import type { Log, Metrics, Traces } from "@stoa/telemetry";
import { openLeases } from "./adapters/leases/open-leases.ts";
import { RenewedLeases } from "./adapters/leases/renewed-leases.ts";
import { openState } from "./adapters/sql-state/open-state.ts";
import { WorkerZipCheck } from "./adapters/worker-zip-check/worker-zip-check.ts";
import { AppliedPolicy, type PolicyInForce } from "./application/apply-policy.ts";
import { UpstreamComparison } from "./application/compare-upstream.ts";
import type { CrawlEvent, CrawlOrder, CrawlSummary } from "./application/crawl-run.ts";
import { IndexKeeper } from "./application/keep-index.ts";
import type { VersionSeeding } from "./application/seed-versions.ts";
import { UpstreamWatch } from "./application/watch-upstream.ts";
import { watchedUpstream } from "./application/watched-upstream.ts";
import { checksumDatabases } from "./checksum-databases.ts";
import { hostAsked } from "./domain/host-asked.ts";
import { leadsToSelf } from "./domain/own-address.ts";
import { HotAnswers } from "./http/hot-answers.ts";
import type { ReadyAnswer } from "./http/ready-answer.ts";
import type { ModuleProxySettings } from "./module-proxy-settings.ts";
import { openBackground } from "./open-background.ts";
import type { RepositoryCredentials } from "./open-direct-upstream.ts";
import { openFreshness } from "./open-freshness.ts";
import { openHandler } from "./open-handler.ts";
import { type OpenedHousekeeping, openHousekeeping } from "./open-housekeeping.ts";
import { openIndex } from "./open-index.ts";
import { openInstanceWatch } from "./open-instance-watch.ts";
import { openKeptModules } from "./open-kept-modules.ts";
import { openNotices } from "./open-notices.ts";
import { type OpenedPolicy, openPolicyInForce, type PolicySettings } from "./open-policy.ts";
import { openRememberedAnswers } from "./open-remembered-answers.ts";
import { openSeeding } from "./open-seeding.ts";
import { openStash } from "./open-stash.ts";
import { localFolder } from "./open-storage.ts";
import { openUpstreams } from "./open-upstreams.ts";
import { trustForEngines } from "./trust-machine.ts";
import { upstreamMarks } from "./upstream-marks.ts";

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

/** Where a module proxy tells how it is doing, and what it is there for. */
export interface ModuleProxySurroundings {
  readonly log: Log;
  readonly metrics: Metrics;
  /** Where requests are traced. */
  readonly traces?: Traces | undefined;
  /** False for a command beside a server: nothing is done that it has not been told to do. */
  readonly isServer?: boolean;
}

/**
 * Puts a module proxy together. Rejects with an `Error` whose message is a sentence if the store cannot be opened or the
 * GOPROXY list cannot be read.
 */
// biome-ignore lint/complexity/noExcessiveLinesPerFunction: the one list of the parts, in the order in which they are opened and closed
export async function openModuleProxy(
  settings: ModuleProxySettings,
  { log, metrics, traces, isServer = true }: ModuleProxySurroundings,
): Promise<ModuleProxy> {
  await using opening = new AsyncDisposableStack();
  const ownHop = randomBytes(8).toString("hex");
  const own = { port: 0, hosts: ownHosts() };
  const now = (): number => performance.now();
  const list = parseProxyList(settings.upstreams.goproxy);
  const marks = upstreamMarks(settings);
  const { leaseLifetimeMs, lifetimes } = settings;

  const kept = opening.use(await openKeptModules(settings, { isServer, log, metrics }));
  const { store, catalog, storage } = kept;
  trustForEngines(settings);
  const state = opening.use(
    await openState(settings.state, { mostJobs: settings.background.queue, takesOver: isServer }),
  );
  const isShared = state.answers !== undefined;
  const notices = opening.use(
    openNotices(settings.freshness.notices, { queue: state.notices, isShared, log, metrics }),
  );
  const { raise } = notices;
  const zipCheck = opening.adopt(new WorkerZipCheck(), (check) => check.close());
  const upstreams = opening.use(await openUpstreams({ settings, list, own, ownHop, log, metrics }));
  const { client, direct, upstream } = upstreams;
  const opened = opening.use(await openIndex(settings.index, state));
  const index = opened?.index;
  const indexKeeper = opening.use(opened && new IndexKeeper({ ...opened, catalog, log }));
  const databases = opening.use(
    checksumDatabases({
      settings: settings.checksums,
      upstreams: list,
      isOffline: () => policy.isOffline,
      root: localFolder(settings.storage),
      ...{ client, own, log, metrics, raise },
    }),
  );
  const { verification } = databases;
  const leases = opening.use(
    await openLeases(settings.leases, { ofState: state.leases, lifetimeMs: leaseLifetimeMs }),
  );
  // What shares the state is crawled and looked after once, also where fetches are agreed upon in memory.
  const workLeases = leases ?? new RenewedLeases(state.leases, { lifetimeMs: leaseLifetimeMs });
  const stashing = opening.use(
    openStash({
      ...{ kept, upstream, verification, zipCheck, leases, state, notices, log, metrics },
      index: indexKeeper,
    }),
  );
  const { stash, keeping, records } = stashing;

  const inForce = (chosen: PolicySettings): PolicyInForce & OpenedPolicy =>
    openPolicyInForce(chosen, { ...settings.policy, log, now });
  const first = inForce(settings.policy);
  const policy = new AppliedPolicy(first, notices.refused);
  const background = opening.use(
    openBackground({
      ...{ state, policy, stash, log, metrics },
      upstreams: marks.fetches,
      workers: settings.background.workers,
    }),
  );
  const seeding = openSeeding({
    ...{ store, stash, policy, loose: stashing.loose },
    connections: settings.upstreams.connections,
  });
  const { hashes, bookmarks } = state;
  const watch = opening.use(
    new UpstreamWatch({
      ...{ store, upstream, bookmarks, raise, log },
      bytes: new UpstreamComparison({ store, upstream, hashes, keeping, zipCheck, verification }),
      commits: (...question) => upstreams.tagCommits(...question),
    }),
  );
  const watched = watchedUpstream(upstream, watch);
  const answers = openRememberedAnswers(state, {
    ...{ store, upstream: watched, leaseLifetimeMs, lifetimes, now },
    mark: marks.questions,
  });
  const hot = new HotAnswers<ReadyAnswer>({ capacityBytes: settings.hotBytes, now });
  const freshness = opening.use(
    openFreshness({
      settings: settings.freshness,
      freshMs: lifetimes.freshMs,
      ...{ store, catalog, state, leases: workLeases, upstream: watched, policy, log, metrics },
      lists: answers.lists,
      queries: answers.queries,
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
      ...{ storage, state, leases: workLeases, policy, watch, index, log, metrics },
    }),
  );
  const handler = openHandler({
    ...{ settings, kept, state, databases, stashing, index, policy, background, answers },
    ...{ freshness, seeding, hot, own, ownHop, now, log, metrics, traces },
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
    answers.follow({ expireAnswers: () => hot.expire(), metrics });
    housekeeping.start();
  }
  opening.use(
    openInstanceWatch({
      marks: isServer ? storage.marks : undefined,
      isAlone: leases === undefined,
      ...{ leaseLifetimeMs, log, metrics },
    }),
  );
  // First nothing more is taken up of what earlier processes left, and nobody is told of what others learn.
  opening.use(answers);
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

/** Names and addresses of this machine. */
function ownHosts(): readonly string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return [hostname(), ...addresses.map(({ address }) => address)];
}
