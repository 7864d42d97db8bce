// A repository on another machine: its names, and what they lead to.

import { ProxyFailure } from "../../../domain/proxy-failure.ts";
import {
  basicAuthorization,
  type HostCredentials,
} from "../../../domain/repository/host-credentials.ts";
import type { RepositoryRefs } from "../../../domain/repository/repository-refs.ts";
import type { PageFetch, Reach } from "../discovery/page-fetch.ts";
import { type AddressLookup, publicAddresses } from "../discovery/private-addresses.ts";
import { DamagedRepository } from "../git/bare-repository.ts";
import { type FetchLimits, FetchProgress, TooMuchToFetch } from "../git/fetch-progress.ts";
import { type Complaint, complaintOf, remoteFailure } from "../git/git-complaint.ts";
import { type GitConfig, networkEnvironment } from "../git/git-environment.ts";
import { type Git, type GitCall, type GitDeadlines, GitFailure } from "../git/git-process.ts";
import { headRef, parseRefLines } from "../git/ref-lines.ts";
import type { WorkPlaces } from "../work-places.ts";

/** What all remote repositories share. */
export interface RemoteParts {
  readonly git: Git;
  readonly pages: PageFetch;
  readonly places: WorkPlaces;
  readonly deadlines: GitDeadlines;
  /** What one fetch may bring. */
  readonly mostFetchBytes: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly readsUserConfiguration: boolean;
  readonly credentials: HostCredentials;
  readonly lookupAddresses: AddressLookup;
  /** Aborted when nobody may be asked any more. */
  readonly ended: AbortSignal;
}

/** Which objects a fetch leaves out; "" means that it brings all. Authority: git-scm.com/docs/git-rev-list, --filter. */
export type ObjectFilter = "tree:0" | "blob:none" | "";

/** The server does not send parts of a repository, or not those that were asked for. */
export class NoParts extends Error {
  override readonly name = "NoParts";
}

/** The repository has hashes of another kind than the one that is fetched into. */
export class OtherFormat extends Error {
  override readonly name = "OtherFormat";
}

/** The repository has no default branch, or none with commits. */
class NoHead extends Error {
  override readonly name = "NoHead";
}

/** Complaints that something can be done about. */
const namedComplaints: Partial<
  Record<Complaint, new (message: string, options: ErrorOptions) => Error>
> = {
  "no mirror": DamagedRepository,
  "no parts": NoParts,
  "no head": NoHead,
  "other format": OtherFormat,
};

const everyName = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"];

const serverInfo = "/info/refs?service=git-upload-pack";

/** Every method rejects with a `ProxyFailure` if the repository cannot be read. They may be called at the same time. */
export class RemoteRepository {
  /** As it was found, with scheme, without credentials. */
  readonly url: string;
  readonly #parts: RemoteParts;
  /** Where it is now, if its host has said that it moved. */
  #movedTo: string | undefined;

  constructor(url: string, parts: RemoteParts) {
    this.url = url;
    this.#parts = parts;
  }

  /** The names that it has now. `folder` need not exist. */
  async refs(folder: string, reach: Reach): Promise<RepositoryRefs> {
    const args = ["ls-remote", "-q", "--end-of-options", "origin"];
    return parseRefLines((await this.#ask({ args, folder, reach })).toString());
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
      await this.#ask({ args, folder, reach, progress });
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
    const question: Question = { args, folder, reach, config, progress };
    try {
      await this.#ask({ ...question, args: [...args, `+HEAD:${headRef}`] });
    } catch (failure) {
      if (!(failure instanceof NoHead)) throw this.#unlessWanted(failure, undefined);
      await this.#ask(question);
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
      await this.#ask({ args, folder, reach, config, input, progress });
    } catch (failure) {
      throw this.#unlessWanted(failure, undefined);
    }
  }

  get #limits(): FetchLimits {
    return { mostBytes: this.#parts.mostFetchBytes, mostObjects: Number.POSITIVE_INFINITY };
  }

  /** A fetch that is too large for limits of its own can be tried in another way; otherwise that is the end of it. */
  #unlessWanted(failure: unknown, limits: FetchLimits | undefined): unknown {
    if (!(failure instanceof TooMuchToFetch) || limits !== undefined) return failure;
    const size = `${Math.round(this.#parts.mostFetchBytes / 2 ** 20)} MiB`;
    const message = `the repository on ${this.#host} has more than the ${size} that this proxy fetches at once`;
    return new ProxyFailure("refused", message, { cause: failure });
  }

  #ask(question: Question): Promise<Buffer> {
    const { places, ended } = this.#parts;
    return places.run(ended, async () => {
      try {
        return await this.#run(question);
      } catch (failure) {
        if (!(failure instanceof GitFailure) || failure.kind !== "ended") {
          throw remoteFailure(failure, this.#host, this.#parts.deadlines);
        }
        return await this.#askAgain(question, failure);
      }
    });
  }

  /** A repository that has moved is asked at its new place; other complaints become failures. */
  async #askAgain(question: Question, failure: GitFailure): Promise<Buffer> {
    const complaint = complaintOf(failure);
    const Known = namedComplaints[complaint];
    if (Known !== undefined) throw new Known(complaint, { cause: failure });
    if (complaint === "moved" && (await this.#findNewPlace(question.reach))) {
      try {
        return await this.#run(question);
      } catch (again) {
        throw remoteFailure(again, this.#host, this.#parts.deadlines);
      }
    }
    if (complaint === "credentials") await this.#explainRefusal(question.reach, failure);
    throw remoteFailure(failure, this.#host, this.#parts.deadlines);
  }

  /** Rejects if more is known than that credentials are wanted. */
  async #explainRefusal(reach: Reach, failure: GitFailure): Promise<void> {
    const login = await this.#parts.credentials(this.#address);
    if (login !== undefined && this.#isHttp) {
      throw new ProxyFailure(
        "refused",
        `${this.#host} does not accept the login that this proxy has from ${login.from}`,
        { cause: failure },
      );
    }
    if (await this.#isAbsent(reach)) {
      throw new ProxyFailure(
        "not_found",
        `${this.#host} has no such repository, or hides it from this proxy, which would then need credentials`,
        { cause: failure },
      );
    }
  }

  async #run({ args, folder, reach, input, progress, config = [] }: Question): Promise<Buffer> {
    const { git, deadlines, environment, readsUserConfiguration, ended } = this.#parts;
    const call: GitCall = {
      args: typeof args === "function" ? args(this.#movedTo ?? this.url) : args,
      input,
      deadlines,
      ...(progress && { onProgress: (text) => progress.hear(text) }),
      env: networkEnvironment({
        base: environment,
        folder,
        readsUserConfiguration,
        isInsecure: reach.isInsecure,
        config: [
          ...(typeof args === "function" ? [] : this.#originConfig),
          ...(await this.#connectionConfig(reach)),
          ...config,
        ],
      }),
    };
    return git.run(call, ended);
  }

  /** What `origin` stands for in commands that name it. */
  get #originConfig(): GitConfig {
    return [["remote.origin.url", this.#movedTo ?? this.url]];
  }

  async #connectionConfig(reach: Reach): Promise<GitConfig> {
    const url = this.#address;
    const isHttp = this.#isHttp;
    const login = isHttp ? await this.#parts.credentials(url) : undefined;
    const addresses = reach.isPrivate
      ? []
      : await publicAddresses(url.hostname, this.#parts.lookupAddresses);
    const silenceSeconds = Math.ceil(this.#parts.deadlines.silenceMs / 1000);
    return [
      ["protocol.version", "2"],
      ["fetch.unpackLimit", "1"],
      ["fetch.recurseSubmodules", "false"],
      ["credential.interactive", "false"],
      ["http.lowSpeedLimit", "1"],
      ["http.lowSpeedTime", String(silenceSeconds)],
      // A redirect may lead to a private address; where to is found out by who checks that.
      ...(reach.isPrivate ? [] : ([["http.followRedirects", "false"]] as const)),
      ...(login !== undefined
        ? ([
            [`http.${url.origin}/.extraHeader`, `Authorization: ${basicAuthorization(login)}`],
          ] as const)
        : []),
      ...(isHttp && addresses.length > 0
        ? ([["http.curloptResolve", resolution(url, addresses)]] as const)
        : []),
    ];
  }

  get #address(): URL {
    return new URL(this.#movedTo ?? this.url);
  }

  get #host(): string {
    return this.#address.host;
  }

  get #isHttp(): boolean {
    return /^https?:$/.test(this.#address.protocol);
  }

  async #findNewPlace(reach: Reach): Promise<boolean> {
    const { pages, ended } = this.#parts;
    const address = this.#movedTo ?? this.url;
    const { url } = await pages.get(new URL(address + serverInfo), reach, ended);
    if (!url.href.endsWith(serverInfo)) return false;
    const found = url.href.slice(0, -serverInfo.length);
    if (found === address) return false;
    this.#movedTo = found;
    return true;
  }

  /**
   * Hosts ask for a login where they do not want to tell whether a repository exists. Its page in the browser tells as
   * much as they let strangers know. Authority: cmd/go codehost.gitRepo.loadRefs.
   */
  async #isAbsent(reach: Reach): Promise<boolean> {
    if (!this.#isHttp) return false;
    try {
      const { status } = await this.#parts.pages.get(this.#address, reach, this.#parts.ended);
      return status === 404 || status === 410;
    } catch (failure) {
      if (failure instanceof ProxyFailure) return false;
      throw failure;
    }
  }
}

interface Question {
  /** Words, with `origin` for the repository; or a function of its address, for commands that take that. */
  readonly args: readonly string[] | ((url: string) => readonly string[]);
  readonly folder: string;
  readonly reach: Reach;
  readonly config?: GitConfig;
  readonly input?: string;
  readonly progress?: FetchProgress;
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

/** Authority: curl's CURLOPT_RESOLVE, which git passes on as http.curloptResolve. */
function resolution(url: URL, addresses: readonly string[]): string {
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  const list = addresses.map((address) => (address.includes(":") ? `[${address}]` : address));
  return `${url.hostname}:${port}:${list.join(",")}`;
}
