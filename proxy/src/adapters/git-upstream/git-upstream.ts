// The repository of a module as its upstream: no proxy in between, and no go command.
import {
  formatVersionInfo,
  type ModulePath,
  type ModuleVersion,
  type Version,
  type VersionInfo,
} from "@stoa/gomod";
import { type FailureSubject, ProxyFailure } from "../../domain/proxy-failure.ts";
import type { AccessFinding } from "../../domain/repository/access-finding.ts";
import { OtherSystem } from "../../domain/repository/other-system.ts";
import { answerQuery, namedVersion } from "../../domain/repository/query-answer.ts";
import type { ResolvedVersion } from "../../domain/repository/revision-version.ts";
import { commitsOfTags, taggedVersions } from "../../domain/repository/tagged-versions.ts";
import { parseVcsRules } from "../../domain/repository/vcs-rules.ts";
import { keptInfo } from "../../domain/repository/version-origin.ts";
import type { InfoDocument, Upstream, ZipDelivery } from "../../domain/upstream.ts";
import { type AccessCheckParts, checkAccess } from "./access-check.ts";
import { readModuleContent } from "./content/module-content.ts";
import { PackedFiles } from "./content/packed-files.ts";
import { zipDelivery } from "./content/zip-body.ts";
import { PageFetch } from "./discovery/page-fetch.ts";
import { systemLookup } from "./discovery/private-addresses.ts";
import { RepositoryFinder } from "./discovery/repository-finder.ts";
import { Git } from "./git/git-process.ts";
import { rememberedComplaint } from "./git/git-version.ts";
import type { GitUpstreamOptions } from "./git-upstream-options.ts";
import { defaultFillSteps } from "./mirror/mirror.ts";
import { MirrorFolder } from "./mirror/mirror-folder.ts";
import { type MirroredSource, ModuleRepositories, type Question } from "./module-repositories.ts";
import { WorkPlaces } from "./work-places.ts";

/** Gets modules from their repositories. Disposing of it breaks off what is under way. */
export interface GitRepositories extends Upstream, AsyncDisposable {
  /** What is wrong with the git program, as a part of a sentence; `undefined` if nothing is. */
  gitComplaint(): Promise<string | undefined>;
  /** What names the repositories have does not count any more: somebody says that it has changed. */
  expireNames(): void;
  /**
   * The commits that the tags of versions name, as the repository was heard last; those without a tag are left out. Rejects as
   * `Upstream`; none if the module is kept in a proxy.
   */
  tagCommits(
    path: ModulePath,
    versions: readonly Version[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<Version, string>>;
  /** Goes the way to a module's repository and tells each step. */
  checkAccess(path: ModulePath, signal: AbortSignal): AsyncIterable<AccessFinding>;
}

/**
 * Gets modules straight from their git repositories. Throws `InvalidText` if the GOVCS rules cannot be read. Without a
 * git program every call that needs one rejects with `unsupported`.
 */
export function gitUpstream(options: GitUpstreamOptions): GitRepositories {
  const ended = new AbortController();
  const { environment, rules, deadlines, credentials, fresh } = options;
  const lookupAddresses = options.lookupAddresses ?? systemLookup;
  const nowMs = options.nowMs ?? (() => performance.now());
  const git = new Git(options.gitCommand ?? "git");
  const gitComplaint = rememberedComplaint(git, environment);
  const reach = { environment, lookupAddresses, credentials };
  const pages = new PageFetch({ ...reach, timeoutMs: deadlines.pageMs });
  const finder = new RepositoryFinder({
    rules: { ...rules, systems: parseVcsRules(rules.govcs) },
    pages,
    freshMs: fresh.placesMs,
    nowMs,
    ended: ended.signal,
  });
  const mirrors = new MirrorFolder({
    place: options.mirrors.folder,
    mostBytes: options.mirrors.mostBytes,
    fillSteps: options.mirrors.fillSteps ?? defaultFillSteps,
    git,
    environment,
    nowMs,
    ended: ended.signal,
    remote: {
      ...reach,
      git,
      pages,
      places: new WorkPlaces(options.fetches),
      deadlines,
      mostFetchBytes: options.mirrors.mostFetchBytes,
      readsUserConfiguration: options.readsUserConfiguration,
      ended: ended.signal,
    },
  });
  const repositories = new ModuleRepositories({
    gitComplaint,
    finder,
    mirrors,
    proxyAt: options.proxyAt,
    lookupAddresses,
    refsFreshMs: fresh.refsMs,
    nowMs,
  });
  const archives = new WorkPlaces(options.archives);
  return new GitUpstream({
    repositories,
    gitComplaint,
    git,
    mirrors,
    archives,
    packed: new PackedFiles(mostPackedBytes),
    ended,
    access: { finder, credentials, environment, nowMs },
  });
}

interface GitUpstreamParts {
  readonly gitComplaint: () => Promise<string | undefined>;
  readonly repositories: ModuleRepositories;
  readonly git: Git;
  readonly mirrors: MirrorFolder;
  readonly archives: WorkPlaces;
  readonly packed: PackedFiles;
  readonly ended: AbortController;
  readonly access: Pick<AccessCheckParts, "finder" | "credentials" | "environment" | "nowMs">;
}

/** What packed files may take in memory. */
const mostPackedBytes = 2 ** 24;
/** What a go.mod may measure: 16 MiB (golang.org/x/mod/zip.MaxGoMod). */
const mostGoModBytes = 2 ** 24;

class GitUpstream implements GitRepositories {
  readonly name = "direct";
  readonly #parts: GitUpstreamParts;

  constructor(parts: GitUpstreamParts) {
    this.#parts = parts;
  }

  list(path: ModulePath, signal: AbortSignal): Promise<readonly Version[]> {
    return this.#answer({ path }, signal, {
      counts: "now",
      askProxy: (proxy) => proxy.list(path, signal),
      ask: async (source) => {
        const versions = await taggedVersions(source);
        // A list without versions says that there is a module; whether there is, the newest commit tells.
        if (versions.length === 0) await answerQuery(source, "latest");
        return versions;
      },
    });
  }

  resolve(path: ModulePath, query: string, signal: AbortSignal): Promise<InfoDocument> {
    return this.#answer({ path, version: query }, signal, {
      counts: "now",
      askProxy: (proxy) => proxy.resolve(path, query, signal),
      ask: async (source) => this.#document((await answerQuery(source, query)).info),
    });
  }

  info(module: ModuleVersion, signal: AbortSignal): Promise<InfoDocument> {
    return this.#answer(module, signal, {
      counts: "ever",
      askProxy: (proxy) => proxy.info(module, signal),
      ask: async (source) => this.#document(keptInfo((await versionIn(source, module)).info)),
    });
  }

  mod(module: ModuleVersion, signal: AbortSignal): Promise<Uint8Array> {
    return this.#answer(module, signal, {
      counts: "ever",
      askProxy: (proxy) => proxy.mod(module, signal),
      ask: async (source) => {
        const { goMod } = (await versionIn(source, module)).directory;
        if (goMod === undefined) return Buffer.from(`module ${module.path}\n`);
        if (goMod.length <= mostGoModBytes) return goMod;
        throw new ProxyFailure("invalid_module", "its go.mod is larger than 16 MiB");
      },
    });
  }

  zip(module: ModuleVersion, signal: AbortSignal): Promise<ZipDelivery> {
    return this.#answer(module, signal, {
      counts: "ever",
      askProxy: (proxy) => proxy.zip(module, signal),
      ask: (source) => this.#zipOf(module, source, signal),
    });
  }

  /** The zip is made while it is read: until its end the mirror stays, and it has its place among the archives. */
  async #zipOf(
    module: ModuleVersion,
    source: MirroredSource,
    signal: AbortSignal,
  ): Promise<ZipDelivery> {
    const { archives, git, mirrors, packed } = this.#parts;
    const { revision, directory } = await versionIn(source, module);
    await using unfinished = new AsyncDisposableStack();
    const held = unfinished.use(new AsyncDisposableStack());
    const { mirror } = held.use(await mirrors.use(source.repository.url));
    held.use(await archives.take(signal));
    const { generation } = mirror.repository;
    const parts = { git, packed, view: source.repository, commit: revision.commit, directory };
    const content = held.use(await readModuleContent({ ...parts, scratch: mirrors.scratch }));
    const delivery = await zipDelivery({
      module,
      files: content.files,
      memory: content.memory,
      held,
      signal,
      from: this.name,
      onDamage: () => mirror.discard(generation),
    });
    unfinished.move();
    return delivery;
  }

  tagCommits(
    path: ModulePath,
    versions: readonly Version[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<Version, string>> {
    return this.#answer<ReadonlyMap<Version, string>>({ path }, signal, {
      counts: "ever",
      askProxy: async () => new Map(),
      ask: async (source) => commitsOfTags(source, versions),
    });
  }

  expireNames(): void {
    this.#parts.repositories.expireNames();
  }

  gitComplaint(): Promise<string | undefined> {
    return this.#parts.gitComplaint();
  }

  checkAccess(path: ModulePath, signal: AbortSignal): AsyncIterable<AccessFinding> {
    const { access, gitComplaint, mirrors } = this.#parts;
    const latest = async () => (await this.resolve(path, "latest", signal)).info.version;
    return checkAccess({ ...access, gitComplaint, mirrors, latest }, path, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { ended, mirrors } = this.#parts;
    ended.abort(new ProxyFailure("upstream_unavailable", "this proxy is stopping"));
    await mirrors[Symbol.asyncDispose]();
  }

  async #answer<T>(
    subject: FailureSubject,
    signal: AbortSignal,
    question: Question<T>,
  ): Promise<T> {
    signal.throwIfAborted();
    try {
      return await this.#parts.repositories.answer(subject.path, question, signal);
    } catch (failure) {
      signal.throwIfAborted();
      throw withSubject(failure, subject);
    }
  }

  #document(info: VersionInfo): InfoDocument {
    return { bytes: Buffer.from(formatVersionInfo(info)), info, from: this.name };
  }
}

/** Rejects with `not_found` if the commit is another version. */
async function versionIn(
  source: MirroredSource,
  { version }: ModuleVersion,
): Promise<ResolvedVersion> {
  const found = await namedVersion(source, version);
  if (found.info.version === version) return found;
  throw new ProxyFailure("not_found", `its commit is ${found.info.version}`);
}

/** Below this, nobody knows what exactly was asked for. */
function withSubject(failure: unknown, subject: FailureSubject): unknown {
  if (!(failure instanceof ProxyFailure)) return diskFailure(failure, subject);
  if (failure instanceof OtherSystem) return new OtherSystem(failure.root, failure.system, subject);
  const { code, message } = failure;
  return new ProxyFailure(code, message, { subject, cause: failure.cause ?? failure });
}

/** What the file system says about mirrors, or about files that are taken out of them. Anything else is passed on. */
function diskFailure(failure: unknown, subject: FailureSubject): unknown {
  if (!(failure instanceof Error && "syscall" in failure && "code" in failure)) return failure;
  const message = `the folder for mirrors of repositories cannot be used (${failure.code})`;
  return new ProxyFailure("store_unavailable", message, { subject, cause: failure });
}
