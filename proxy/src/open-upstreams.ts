// Whom modules are fetched from, put together: proxies, repositories, and the go command where they do not reach.
import type { ModulePath, ProxyListEntry, Version } from "@stoa/gomod";
import type { Log, Metrics } from "@stoa/telemetry";
import { fileUpstream } from "./adapters/file-upstream/file-upstream.ts";
import { GoproxyClient } from "./adapters/goproxy-upstream/goproxy-client.ts";
import { measuredUpstream } from "./application/measured-upstream.ts";
import { requestContext } from "./application/request-context.ts";
import { asksRepository } from "./domain/host-asked.ts";
import type { OwnAddress } from "./domain/own-address.ts";
import { ProxyFailure } from "./domain/proxy-failure.ts";
import { routedUpstream } from "./domain/routed-upstream.ts";
import { unlessItself } from "./domain/unless-itself.ts";
import type { Upstream } from "./domain/upstream.ts";
import { upstreamChain } from "./domain/upstream-chain.ts";
import { openGoCommand } from "./go-command.ts";
import type { ModuleProxySettings } from "./module-proxy-settings.ts";
import {
  type OpenDirectUpstream,
  openDirectUpstream,
  type RepositoryCredentials,
} from "./open-direct-upstream.ts";
import { localFolder } from "./open-storage.ts";

interface UpstreamParts {
  readonly settings: Pick<ModuleProxySettings, "upstreams" | "goCommand" | "direct" | "storage">;
  /** GOPROXY, taken apart. */
  readonly list: readonly ProxyListEntry[];
  readonly own: OwnAddress;
  /** This instance's own name among the hops of a request. */
  readonly ownHop: string;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** All upstreams behind one. */
export interface OpenedUpstreams extends AsyncDisposable {
  readonly upstream: Upstream;
  /** Speaks to proxies. */
  readonly client: GoproxyClient;
  /** Reads repositories. */
  readonly direct: OpenDirectUpstream;
  /**
   * The commits that the tags of versions name, of a module whose repository has just been asked for its list. None where a
   * proxy or the go command is asked instead, or nobody can tell.
   */
  tagCommits(
    path: ModulePath,
    versions: readonly Version[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<Version, string>>;
  /** Sentences about what is missing on this machine: programs that the settings need. */
  complaints(): Promise<readonly string[]>;
  /** Reads credentials anew; the function that comes back puts them in force. Rejects with a sentence. */
  prepareCredentials(source: RepositoryCredentials): Promise<() => void>;
}

export async function openUpstreams(parts: UpstreamParts): Promise<OpenedUpstreams> {
  const { settings, list, own, ownHop, log, metrics } = parts;
  const { noproxy } = settings.upstreams;
  const client = openClient(settings.upstreams, { ownHop, metrics });
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
      patterns: noproxy,
      matching: repositories,
      others: upstreamChain(list, { proxy: proxyAt, direct: repositories }),
    }),
    metrics,
  );
  return {
    ...{ upstream, client, direct },
    async tagCommits(path, versions, signal) {
      if (settings.goCommand.isForAll || !asksRepository(path, list, noproxy)) return new Map();
      return await direct.tagCommits(path, versions, signal).catch(unlessOurs);
    },
    async complaints() {
      const isDirect = list.some(({ kind }) => kind === "direct");
      if (!isDirect && noproxy === "") return [];
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
    async [Symbol.asyncDispose]() {
      await direct[Symbol.asyncDispose]();
      await client[Symbol.asyncDispose]();
      await goCommand[Symbol.asyncDispose]();
    },
  };
}

function openClient(
  upstreams: ModuleProxySettings["upstreams"],
  { ownHop, metrics }: Pick<UpstreamParts, "ownHop" | "metrics">,
): GoproxyClient {
  const client = new GoproxyClient({
    ...upstreams,
    ownHop,
    hops: () => requestContext.getStore()?.hops ?? [],
  });
  metrics.collected(
    "stoa_upstream_queue_waiting",
    "Requests to upstreams that wait for their turn.",
    "gauge",
    () => client.waiting,
  );
  return client;
}

/** A version control system other than git, or a repository that has just gone away. */
function unlessOurs(failure: unknown): ReadonlyMap<Version, string> {
  if (failure instanceof ProxyFailure && failure.code !== "store_unavailable") return new Map();
  throw failure;
}
