// The way to a repository on another machine: its address, the login, and what becomes of git's complaints.
import { ProxyFailure } from "../../../domain/proxy-failure.ts";
import {
  basicAuthorization,
  type HostCredentials,
} from "../../../domain/repository/host-credentials.ts";
import type { PageFetch, Reach } from "../discovery/page-fetch.ts";
import { type AddressLookup, publicAddresses } from "../discovery/private-addresses.ts";
import { DamagedRepository } from "../git/bare-repository.ts";
import type { FetchProgress } from "../git/fetch-progress.ts";
import { type Complaint, complaintOf, remoteFailure } from "../git/git-complaint.ts";
import { type GitConfig, networkEnvironment } from "../git/git-environment.ts";
import { type Git, type GitCall, type GitDeadlines, GitFailure } from "../git/git-process.ts";
import type { WorkPlaces } from "../work-places.ts";

/** What all connections share. */
export interface ConnectionParts {
  readonly git: Git;
  readonly pages: PageFetch;
  readonly places: WorkPlaces;
  readonly deadlines: GitDeadlines;
  readonly environment: Readonly<Record<string, string>>;
  readonly readsUserConfiguration: boolean;
  readonly credentials: HostCredentials;
  readonly lookupAddresses: AddressLookup;
  /** Aborted when nobody may be asked any more. */
  readonly ended: AbortSignal;
}

/** A git command that goes to the repository. */
export interface RemoteQuestion {
  /** Words, with `origin` for the repository; or a function of its address, for commands that take that. */
  readonly args: readonly string[] | ((url: string) => readonly string[]);
  readonly folder: string;
  readonly reach: Reach;
  readonly config?: GitConfig;
  readonly input?: string;
  readonly progress?: FetchProgress;
}

/** The server does not send parts of a repository, or not those that were asked for. */
export class NoParts extends Error {
  override readonly name = "NoParts";
}

/** The repository has hashes of another kind than the one that is fetched into. */
export class OtherFormat extends Error {
  override readonly name = "OtherFormat";
}

/** The repository has no default branch, or none with commits. */
export class NoHead extends Error {
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

const serverInfo = "/info/refs?service=git-upload-pack";

export class RemoteConnection {
  /** As the repository was found, with scheme, without credentials. */
  readonly url: string;
  readonly #parts: ConnectionParts;
  /** Where it is now, if its host has said that it moved. */
  #movedTo: string | undefined;

  constructor(url: string, parts: ConnectionParts) {
    this.url = url;
    this.#parts = parts;
  }

  /**
   * Runs a git command, when there is a place for it, and gives its output. Rejects with a `ProxyFailure`, with one of the
   * errors above, or with what stopped git.
   */
  ask(question: RemoteQuestion): Promise<Buffer> {
    const { places, ended } = this.#parts;
    return places.run(ended, async () => {
      try {
        return await this.#run(question);
      } catch (failure) {
        if (!(failure instanceof GitFailure) || failure.kind !== "ended") {
          throw remoteFailure(failure, this.host, this.#parts.deadlines);
        }
        return await this.#askAgain(question, failure);
      }
    });
  }

  /** A repository that has moved is asked at its new place; other complaints become failures. */
  async #askAgain(question: RemoteQuestion, failure: GitFailure): Promise<Buffer> {
    const complaint = complaintOf(failure);
    const Known = namedComplaints[complaint];
    if (Known !== undefined) throw new Known(complaint, { cause: failure });
    if (complaint === "moved" && (await this.#findNewPlace(question.reach))) {
      try {
        return await this.#run(question);
      } catch (again) {
        throw remoteFailure(again, this.host, this.#parts.deadlines);
      }
    }
    if (complaint === "credentials") await this.#explainRefusal(question.reach, failure);
    throw remoteFailure(failure, this.host, this.#parts.deadlines);
  }

  /** Rejects if more is known than that credentials are wanted. */
  async #explainRefusal(reach: Reach, failure: GitFailure): Promise<void> {
    const login = await this.#parts.credentials(this.#address);
    if (login !== undefined && this.#isHttp) {
      throw new ProxyFailure(
        "refused",
        `${this.host} does not accept the login that this proxy has from ${login.from}`,
        { cause: failure },
      );
    }
    if (await this.#isAbsent(reach)) {
      throw new ProxyFailure(
        "not_found",
        `${this.host} has no such repository, or hides it from this proxy, which would then need credentials`,
        { cause: failure },
      );
    }
  }

  async #run({
    args,
    folder,
    reach,
    input,
    progress,
    config = [],
  }: RemoteQuestion): Promise<Buffer> {
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

  /** Where it is now. */
  get host(): string {
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

/** Authority: curl's CURLOPT_RESOLVE, which git passes on as http.curloptResolve. */
function resolution(url: URL, addresses: readonly string[]): string {
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  const list = addresses.map((address) => (address.includes(":") ? `[${address}]` : address));
  return `${url.hostname}:${port}:${list.join(",")}`;
}
