// The repository of a module as its upstream: no proxy in between, and no go command.
import {
  formatVersionInfo,
  InvalidText,
  type ModulePath,
  type ModuleVersion,
  parseVersionQuery,
  type Version,
  type VersionInfo,
  type VersionQuery,
} from "@stoa/gomod";
import { type FailureSubject, ProxyFailure } from "../../domain/proxy-failure.ts";
import { moduleLayout } from "../../domain/repository/module-layout.ts";
import { latestVersion, versionInRange } from "../../domain/repository/queried-version.ts";
import type { RepositoryPlace } from "../../domain/repository/repository-place.ts";
import { findRevision } from "../../domain/repository/revision.ts";
import {
  type ResolvedVersion,
  versionOfRevision,
} from "../../domain/repository/revision-version.ts";
import { taggedVersions } from "../../domain/repository/tagged-versions.ts";
import { parseVcsRules } from "../../domain/repository/vcs-rules.ts";
import { keptInfo } from "../../domain/repository/version-origin.ts";
import type { InfoDocument, Upstream, ZipDelivery } from "../../domain/upstream.ts";
import { DamagedRepository } from "./bare-repository.ts";
import { Git } from "./git-process.ts";
import type { HostLogin } from "./host-logins.ts";
import { defaultFillSteps, type FillStep, type Mirror, type RefsSnapshot } from "./mirror.ts";
import { MirrorFolder, type MirrorUse } from "./mirror-folder.ts";
import { MirrorView } from "./mirror-view.ts";
import { readModuleContent } from "./module-content.ts";
import { PageFetch, type Reach } from "./page-fetch.ts";
import { type AddressLookup, systemLookup } from "./private-addresses.ts";
import { type FoundPlace, RepositoryFinder } from "./repository-finder.ts";
import { type WorkLimits, WorkPlaces } from "./work-places.ts";
import { zipDelivery } from "./zip-body.ts";

/** Everything that can be chosen. Durations in milliseconds, patterns in the grammar of GOPRIVATE. */
export interface GitUpstreamOptions {
  readonly mirrors: {
    /** Where the mirrors of repositories lie; made when it is needed. It belongs to one upstream at a time. */
    readonly folder: string;
    /** What all of them may take on disk; the least used are removed beyond that. */
    readonly mostBytes: number;
    /** What one fetch may bring. */
    readonly mostFetchBytes: number;
    /** How much of a repository is fetched at first; without it, by its size. */
    readonly fillSteps?: readonly FillStep[];
  };
  readonly rules: {
    /** In GOVCS's grammar. Where it does not say otherwise, only git may be used. */
    readonly govcs: string;
    /** Modules that are `private` in GOVCS. */
    readonly privateModules: string;
    /** Modules whose hosts may have private addresses. */
    readonly privateAddresses: string;
    /** Modules that may be fetched without TLS, as in GOINSECURE. */
    readonly insecure: string;
  };
  readonly deadlines: {
    /** For asking a host where a module's repository is, redirects included. */
    readonly pageMs: number;
    /** How long git may be silent. */
    readonly silenceMs: number;
    /** How long one git command may take. */
    readonly totalMs: number;
  };
  /** Fetches from other machines. */
  readonly fetches: WorkLimits;
  /** Modules taken out of mirrors. */
  readonly archives: WorkLimits;
  /** How long an answer of a host counts: about the names in a repository, about where it is. */
  readonly fresh: { readonly refsMs: number; readonly placesMs: number };
  /**
   * The credentials, read before each use: the first entry that fits a host counts. Beside them counts what git, curl
   * and ssh find for themselves in `environment`: .netrc and keys in HOME, an agent, credential helpers.
   */
  readonly logins: () => Promise<readonly HostLogin[]>;
  /** The variables that git and ssh see: PATH, HOME, SSH_AUTH_SOCK, HTTPS_PROXY, GIT_SSH_COMMAND and so on. */
  readonly environment: Readonly<Record<string, string>>;
  /** Whether git's configuration of user and machine counts for connections. It never counts for content. */
  readonly readsUserConfiguration: boolean;
  /** The upstream for a module proxy that a go-import tag names; without it such modules are `unsupported`. */
  readonly proxyAt?: (url: string) => Upstream;
  /** The git program; `git` if not said. */
  readonly gitCommand?: string;
  readonly lookupAddresses?: AddressLookup;
  /** A clock that never goes back. */
  readonly nowMs?: () => number;
}

/**
 * Gets modules straight from their git repositories. Throws `InvalidText` if the GOVCS rules cannot be read. Without a
 * git program every call that needs one rejects with `unsupported`. Disposing of it breaks off what is under way.
 */
export function gitUpstream(options: GitUpstreamOptions): Upstream & AsyncDisposable {
  return new GitUpstream(options);
}

class GitUpstream implements Upstream, AsyncDisposable {
  readonly name = "direct";
  readonly #options: GitUpstreamOptions;
  readonly #git: Git;
  readonly #finder: RepositoryFinder;
  readonly #mirrors: MirrorFolder;
  readonly #archives: WorkPlaces;
  readonly #nowMs: () => number;
  readonly #ended = new AbortController();
  /** Which of several addresses has answered, by the root that they stand for. */
  readonly #addresses = new Map<string, string>();

  constructor(options: GitUpstreamOptions) {
    const { environment, rules, deadlines, logins, fresh } = options;
    const lookupAddresses = options.lookupAddresses ?? systemLookup;
    const nowMs = options.nowMs ?? (() => performance.now());
    const ended = this.#ended.signal;
    const git = new Git(options.gitCommand ?? "git");
    const timeoutMs = deadlines.pageMs;
    const pages = new PageFetch({ environment, lookupAddresses, logins, timeoutMs });
    this.#options = options;
    this.#git = git;
    this.#nowMs = nowMs;
    this.#archives = new WorkPlaces(options.archives);
    this.#finder = new RepositoryFinder({
      rules: { ...rules, systems: parseVcsRules(rules.govcs) },
      pages,
      freshMs: fresh.placesMs,
      nowMs,
      ended,
    });
    this.#mirrors = new MirrorFolder({
      folder: options.mirrors.folder,
      mostBytes: options.mirrors.mostBytes,
      fillSteps: options.mirrors.fillSteps ?? defaultFillSteps,
      git,
      environment,
      nowMs,
      ended,
      remote: {
        git,
        pages,
        places: new WorkPlaces(options.fetches),
        deadlines,
        mostFetchBytes: options.mirrors.mostFetchBytes,
        environment,
        readsUserConfiguration: options.readsUserConfiguration,
        logins,
        lookupAddresses,
        ended,
      },
    });
  }

  list(path: ModulePath, signal: AbortSignal): Promise<readonly Version[]> {
    return this.#answer({ path }, signal, {
      proxy: (proxy) => proxy.list(path, signal),
      now: async (repository, place) => {
        const source = { repository, layout: moduleLayout(path, place) };
        const versions = await taggedVersions(source);
        // A list without versions says that there is a module; whether there is, the newest commit tells.
        if (versions.length === 0) await latestVersion(source);
        return versions;
      },
    });
  }

  resolve(path: ModulePath, query: string, signal: AbortSignal): Promise<InfoDocument> {
    return this.#answer({ path, version: query }, signal, {
      proxy: (proxy) => proxy.resolve(path, query, signal),
      now: async (repository, place) => {
        const source = { repository, layout: moduleLayout(path, place) };
        const found =
          query === "latest"
            ? await latestVersion(source)
            : ((await versionInRange(source, query, queryIn(query, path))) ??
              (await versionOfRevision(source, await findRevision(source, query), query)));
        return this.#document(found.info);
      },
    });
  }

  info(module: ModuleVersion, signal: AbortSignal): Promise<InfoDocument> {
    return this.#answer(module, signal, {
      proxy: (proxy) => proxy.info(module, signal),
      ever: async (view, place) =>
        this.#document(keptInfo((await versionIn(view, place, module)).info)),
    });
  }

  mod(module: ModuleVersion, signal: AbortSignal): Promise<Uint8Array> {
    return this.#answer(module, signal, {
      proxy: (proxy) => proxy.mod(module, signal),
      ever: async (view, place) => {
        const { goMod } = (await versionIn(view, place, module)).directory;
        if (goMod === undefined) return Buffer.from(`module ${module.path}\n`);
        if (goMod.length <= mostGoModBytes) return goMod;
        throw new ProxyFailure("invalid_module", "its go.mod is larger than 16 MiB");
      },
    });
  }

  zip(module: ModuleVersion, signal: AbortSignal): Promise<ZipDelivery> {
    return this.#answer(module, signal, {
      proxy: (proxy) => proxy.zip(module, signal),
      ever: async (view, place) => {
        const { revision, directory } = await versionIn(view, place, module);
        const { scratch } = this.#mirrors;
        const { commit } = revision;
        const content = await this.#archives.run(signal, () =>
          readModuleContent({ git: this.#git, view, commit, directory, scratch }),
        );
        return zipDelivery({ module, content, signal, from: this.name });
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort(new ProxyFailure("upstream_unavailable", "this proxy is stopping"));
    await this.#mirrors[Symbol.asyncDispose]();
  }

  async #answer<T>(
    subject: FailureSubject,
    signal: AbortSignal,
    question: Question<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    try {
      const found = await this.#finder.find(subject.path, signal);
      if (found.place.system === "mod") return await question.proxy(this.#proxyAt(found.place));
      return await this.#askRepository(found, signal, question);
    } catch (failure) {
      signal.throwIfAborted();
      throw withSubject(failure, subject);
    }
  }

  #proxyAt(place: RepositoryPlace): Upstream {
    const { proxyAt } = this.#options;
    const [url = ""] = place.urls;
    if (proxyAt !== undefined) return proxyAt(url);
    throw new ProxyFailure("unsupported", `${place.root} is kept in another module proxy`);
  }

  async #askRepository<T>(
    { place, reach }: FoundPlace,
    signal: AbortSignal,
    question: Question<T>,
  ): Promise<T> {
    if (place.system !== "git") {
      throw new ProxyFailure(
        "unsupported",
        `${place.root} is kept with ${place.system}, and this proxy fetches with git alone`,
      );
    }
    using use = await this.#mirrorOf(place, reach, signal);
    const { mirror } = use;
    const { generation } = mirror.repository;
    const ask = (): Promise<T> => this.#askMirror(mirror, { place, reach, signal }, question);
    try {
      return await ask();
    } catch (failure) {
      if (!(failure instanceof DamagedRepository)) throw failure;
      await mirror.discard(generation);
      return await ask();
    }
  }

  async #askMirror<T>(
    mirror: Mirror,
    { place, reach, signal }: FoundPlace & { readonly signal: AbortSignal },
    question: Question<T>,
  ): Promise<T> {
    const seen = ({ refs }: RefsSnapshot) => new MirrorView(mirror, { refs, reach, signal });
    const notBeforeMs = this.#nowMs() - this.#options.fresh.refsMs;
    const current = () => mirror.current(notBeforeMs, reach, signal);
    if (question.now !== undefined) return question.now(seen(await current()), place);

    // What a version is does not change, so that what was known once is good enough if it has an answer.
    if ((await mirror.remembered()) === undefined) {
      await mirror.ensureHistory(undefined, reach, signal);
    }
    const remembered = (await mirror.remembered()) ?? (await current());
    try {
      return await question.ever(seen(remembered), place);
    } catch (failure) {
      if (!mayPass(failure) || remembered.takenMs >= notBeforeMs) throw failure;
      const now = await current();
      if (now.refs.isSame(remembered.refs)) throw failure;
      return question.ever(seen(now), place);
    }
  }

  /** The mirror of the first address that answers. If none does, what the first one says stands. */
  async #mirrorOf(place: RepositoryPlace, reach: Reach, signal: AbortSignal): Promise<MirrorUse> {
    const [first = "", ...others] = place.urls;
    const chosen = this.#addresses.get(place.root) ?? (others.length === 0 ? first : undefined);
    if (chosen !== undefined) return this.#mirrors.use(chosen);

    const failures: unknown[] = [];
    for (const url of place.urls) {
      const use = await this.#mirrors.use(url);
      try {
        const known = await use.mirror.remembered();
        if (known === undefined) await use.mirror.current(this.#nowMs(), reach, signal);
        this.#addresses.set(place.root, url);
        return use;
      } catch (failure) {
        use[Symbol.dispose]();
        signal.throwIfAborted();
        failures.push(failure);
      }
    }
    throw failures[0];
  }

  #document(info: VersionInfo): InfoDocument {
    return { bytes: Buffer.from(formatVersionInfo(info)), info, from: this.name };
  }
}

/** What a go.mod may measure: 16 MiB (golang.org/x/mod/zip.MaxGoMod). */
const mostGoModBytes = 2 ** 24;

/** A question to a module's repository: as it is `now`, or `ever`, if the answer never changes. */
type Question<T> = {
  /** Asks a module proxy instead. */
  readonly proxy: (proxy: Upstream) => Promise<T>;
} & (
  | {
      readonly now: (view: MirrorView, place: RepositoryPlace) => Promise<T>;
      readonly ever?: never;
    }
  | {
      readonly ever: (view: MirrorView, place: RepositoryPlace) => Promise<T>;
      readonly now?: never;
    }
);

/** Rejects with `not_found` if the commit is another version. */
async function versionIn(
  repository: MirrorView,
  place: RepositoryPlace,
  { path, version }: ModuleVersion,
): Promise<ResolvedVersion> {
  const source = { repository, layout: moduleLayout(path, place) };
  const revision = await findRevision(source, version);
  const found = await versionOfRevision(source, revision, version);
  if (found.info.version === version) return found;
  throw new ProxyFailure("not_found", `its commit is ${found.info.version}`);
}

function queryIn(text: string, path: ModulePath): VersionQuery {
  try {
    return parseVersionQuery(text);
  } catch (cause) {
    if (!(cause instanceof InvalidText)) throw cause;
    throw new ProxyFailure("bad_request", cause.message, {
      subject: { path, version: text },
      cause,
    });
  }
}

/** Whether asking the repository again may change the answer. */
function mayPass(failure: unknown): boolean {
  return (
    failure instanceof ProxyFailure &&
    (failure.code === "not_found" || failure.code === "upstream_unavailable")
  );
}

function withSubject(failure: unknown, subject: FailureSubject): unknown {
  if (failure instanceof DamagedRepository) {
    const message = "the mirror of its repository cannot be read, not even after starting over";
    return new ProxyFailure("upstream_unavailable", message, { subject, cause: failure });
  }
  if (!(failure instanceof ProxyFailure)) return failure;
  return new ProxyFailure(failure.code, failure.message, {
    subject,
    cause: failure.cause ?? failure,
  });
}
