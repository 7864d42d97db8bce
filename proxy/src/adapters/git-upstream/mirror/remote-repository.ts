// A repository on another machine: its names, and what they lead to.
import { ProxyFailure } from "../../../domain/proxy-failure.ts";
import type { RepositoryRefs } from "../../../domain/repository/repository-refs.ts";
import type { Reach } from "../discovery/page-fetch.ts";
import { type FetchLimits, FetchProgress, TooMuchToFetch } from "../git/fetch-progress.ts";
import type { GitConfig } from "../git/git-environment.ts";
import { headRef, parseRefLines } from "../git/ref-lines.ts";
import {
  type ConnectionParts,
  NoHead,
  RemoteConnection,
  type RemoteQuestion,
} from "./remote-connection.ts";

/** What all remote repositories share. */
export interface RemoteParts extends ConnectionParts {
  /** What one fetch may bring. */
  readonly mostFetchBytes: number;
}

/** Which objects a fetch leaves out; "" means that it brings all. Authority: git-scm.com/docs/git-rev-list, --filter. */
export type ObjectFilter = "tree:0" | "blob:none" | "";

const everyName = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];

/** Every method rejects with a `ProxyFailure` if the repository cannot be read. They may be called at the same time. */
export class RemoteRepository {
  readonly #connection: RemoteConnection;
  readonly #mostFetchBytes: number;

  constructor(url: string, parts: RemoteParts) {
    this.#connection = new RemoteConnection(url, parts);
    this.#mostFetchBytes = parts.mostFetchBytes;
  }

  /** As it was found, with scheme, without credentials. */
  get url(): string {
    return this.#connection.url;
  }

  /** The names that it has now. `folder` need not exist. */
  async refs(folder: string, reach: Reach): Promise<RepositoryRefs> {
    const args = ["ls-remote", "-q", "--end-of-options", "origin"];
    return parseRefLines((await this.#connection.ask({ args, folder, reach })).toString());
  }

  /**
   * Makes a bare repository, which must not be there yet, with all commits of branches and tags, what the filter lets
   * through, and the names packed: one process, where `init`, `fetch` and `pack-refs` would be three. Tells whether the
   * server knows filters. Rejects with `NoParts` if it refuses this one, with `TooMuchToFetch` if that breaks the limits.
   */
  async clone(
    folder: string,
    reach: Reach,
    { filter, limits }: { readonly filter: ObjectFilter; readonly limits?: FetchLimits },
  ): Promise<{ readonly isFiltered: boolean }> {
    const progress = new FetchProgress(limits ?? this.#limits);
    const options = [...quietClone, ...(filter === "" ? [] : [`--filter=${filter}`])];
    const args = (url: string) => ["clone", ...options, "--end-of-options", url, folder];
    try {
      await this.#connection.ask({ args, folder, reach, progress });
    } catch (failure) {
      throw this.#unlessWanted(failure, limits);
    }
    return { isFiltered: filter !== "" && !progress.ignoresFilter };
  }

  /**
   * Brings what is new in branches and tags into a bare repository, with what the filter lets through, and makes its
   * names those that there are now. Rejects with `OtherFormat` if the two have different kinds of hashes.
   */
  async fetchHistory(folder: string, reach: Reach, filter: ObjectFilter): Promise<void> {
    const progress = new FetchProgress(this.#limits);
    const config = filterConfig(filter);
    const args = ["fetch", ...quietFetch, "--prune", "--end-of-options", "origin", ...everyName];
    const question: RemoteQuestion = { args, folder, reach, config, progress };
    try {
      await this.#connection.ask({ ...question, args: [...args, `+HEAD:${headRef}`] });
    } catch (failure) {
      if (!(failure instanceof NoHead)) throw this.#unlessWanted(failure, undefined);
      await this.#connection.ask(question);
    }
  }

  /**
   * Brings objects, with everything below them that the filter lets through. Rejects with `NoParts` if the server only
   * sends whole commits.
   */
  async fetchObjects(
    folder: string,
    reach: Reach,
    options: { readonly filter: ObjectFilter; readonly hashes: readonly string[] },
  ): Promise<void> {
    const args = ["fetch", ...quietFetch, "--stdin", "--end-of-options", "origin"];
    const config: GitConfig = [
      ...filterConfig(options.filter),
      // What is here already says nothing about what is below it.
      ["fetch.negotiationAlgorithm", "noop"],
    ];
    const input = options.hashes.map((hash) => `${hash}\n`).join("");
    const progress = new FetchProgress(this.#limits);
    try {
      await this.#connection.ask({ args, folder, reach, config, input, progress });
    } catch (failure) {
      throw this.#unlessWanted(failure, undefined);
    }
  }

  get #limits(): FetchLimits {
    return { mostBytes: this.#mostFetchBytes, mostObjects: Number.POSITIVE_INFINITY };
  }

  /** A fetch that is too large for limits of its own can be tried in another way; otherwise that is the end of it. */
  #unlessWanted(failure: unknown, limits: FetchLimits | undefined): unknown {
    if (!(failure instanceof TooMuchToFetch) || limits !== undefined) return failure;
    const size = `${Math.round(this.#mostFetchBytes / 2 ** 20)} MiB`;
    const message = `the repository on ${this.#connection.host} has more than the ${size} that this proxy fetches at once`;
    return new ProxyFailure("refused", message, { cause: failure });
  }
}

const quietClone = ["--bare", "--origin=origin", "--template=", "--progress"];
const quietFetch = [
  "--force",
  "--progress",
  "--no-tags",
  "--no-auto-maintenance",
  "--no-write-fetch-head",
];

/** A filter through the configuration, not as an argument: git would write that into the repository for ever. */
function filterConfig(filter: ObjectFilter): GitConfig {
  if (filter === "") return [];
  return [
    ["remote.origin.promisor", "true"],
    ["remote.origin.partialCloneFilter", filter],
  ];
}
