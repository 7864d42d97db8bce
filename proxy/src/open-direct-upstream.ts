// What `direct` is made of, put together: the way to repositories, and what to log in with there.
import { availableParallelism } from "node:os";
import type { ModulePath, Version } from "@stoa/gomod";
import { gitUpstream } from "./adapters/git-upstream/git-upstream.ts";
import type { GitUpstreamOptions } from "./adapters/git-upstream/git-upstream-options.ts";
import { readNetrc } from "./adapters/goproxy-upstream/netrc.ts";
import {
  type HostCredentialSource,
  openHostCredentials,
} from "./adapters/host-credentials/host-credentials.ts";
import { directUpstream } from "./domain/direct-upstream.ts";
import type { AccessFinding } from "./domain/repository/access-finding.ts";
import type { HostCredentials } from "./domain/repository/host-credentials.ts";
import type { Upstream } from "./domain/upstream.ts";

/** What credentials for repositories are read from. */
export type RepositoryCredentials = HostCredentialSource;

/** Everything about repositories that can be chosen. Durations in milliseconds, patterns in the grammar of GOPRIVATE. */
export interface DirectSettings {
  readonly mirrors: {
    /** Where mirrors of repositories lie. */
    readonly folder: string;
    /** What they may take on disk, all together. */
    readonly mostBytes: number;
    /** What one fetch may bring. */
    readonly mostFetchBytes: number;
  };
  readonly rules: GitUpstreamOptions["rules"];
  readonly deadlines: GitUpstreamOptions["deadlines"];
  readonly fresh: GitUpstreamOptions["fresh"];
  /** How many fetches may run at once, and how many may wait. */
  readonly fetches: { readonly concurrent: number; readonly waiting: number };
  /** The variables that git and ssh see. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The upstream `direct`. Disposing of it breaks off what is under way. */
export interface OpenDirectUpstream extends AsyncDisposable {
  readonly upstream: Upstream;
  /** What names the repositories have is asked anew. */
  expireNames(): void;
  /** The commits that the tags of versions name, as their repository was heard last. Rejects as `Upstream`. */
  tagCommits(
    path: ModulePath,
    versions: readonly Version[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<Version, string>>;
  /** What is wrong with the programs it takes, as a part of a sentence; `undefined` if nothing is. */
  complaint(): Promise<string | undefined>;
  /** Goes the way to a module's repository and tells each step. */
  checkAccess(path: ModulePath, signal: AbortSignal): AsyncIterable<AccessFinding>;
  /** Reads other credentials; the function that comes back puts them in force. Rejects with a sentence. */
  prepareCredentials(source: RepositoryCredentials): Promise<() => void>;
}

interface DirectParts {
  readonly credentials: RepositoryCredentials;
  /** The upstream for a module proxy that a go-import tag names. */
  readonly proxyAt: (url: string) => Upstream;
  /** For repositories of other version control systems than git; without it the answer is that they are not git's. */
  readonly otherVcs?: Upstream;
}

/** Nothing is looked for, and no program is started, before something is asked. */
export function openDirectUpstream(
  settings: DirectSettings,
  { credentials: source, proxyAt, otherVcs }: DirectParts,
): OpenDirectUpstream {
  const open = (source: RepositoryCredentials): Promise<HostCredentials> =>
    openHostCredentials(source, {
      readNetrc,
      environment: settings.environment,
      nowMs: () => Date.now(),
    });
  let known: Promise<HostCredentials> | undefined;
  const credentials: HostCredentials = async (url) => {
    const opening = known ?? open(source);
    known = opening;
    try {
      return await (await opening)(url);
    } catch (failure) {
      await opening.catch(() => {
        if (known === opening) known = undefined; // the next call looks again
      });
      throw failure;
    }
  };
  const { mirrors, rules, deadlines, fetches, fresh, environment } = settings;
  const git = gitUpstream({
    mirrors,
    rules,
    deadlines,
    fetches,
    archives: { concurrent: availableParallelism() + 1, waiting: fetches.waiting },
    fresh,
    credentials,
    environment,
    readsUserConfiguration: true,
    proxyAt,
  });
  return {
    upstream: directUpstream({ git, otherVcs }),
    expireNames: () => git.expireNames(),
    tagCommits: (path, versions, signal) => git.tagCommits(path, versions, signal),
    checkAccess: (path, signal) => git.checkAccess(path, signal),
    complaint: () => git.gitComplaint(),
    async prepareCredentials(source) {
      const prepared = await open(source);
      return () => {
        known = Promise.resolve(prepared);
      };
    },
    [Symbol.asyncDispose]: () => git[Symbol.asyncDispose](),
  };
}
