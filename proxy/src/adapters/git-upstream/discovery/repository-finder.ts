// From the path of a module to its repository, asking the module's host where the path alone does not tell.
import { type ModulePath, matchesModulePatterns } from "@stoa/gomod";
import { ProxyFailure } from "../../../domain/proxy-failure.ts";
import {
  type GoImportTag,
  isSameTag,
  parseGoImportTags,
  tagForModule,
} from "../../../domain/repository/go-import-tags.ts";
import {
  placeFromPath,
  type RepositoryPlace,
} from "../../../domain/repository/repository-place.ts";
import { allowsSystem, type VcsRules } from "../../../domain/repository/vcs-rules.ts";
import { RunningWork } from "../running-work.ts";
import type { Page, PageFetch, Reach } from "./page-fetch.ts";

/** What may be visited for which modules; patterns as in GOPRIVATE. */
export interface FinderRules {
  readonly systems: VcsRules;
  /** What `private` means in GOVCS. */
  readonly privateModules: string;
  /** Modules whose hosts may have private addresses. */
  readonly privateAddresses: string;
  /** Modules that may be fetched without TLS, as in GOINSECURE. */
  readonly insecure: string;
}

export interface RepositoryFinderParts {
  readonly rules: FinderRules;
  readonly pages: PageFetch;
  /** How long an answer of a host counts. */
  readonly freshMs: number;
  readonly nowMs: () => number;
  /** Aborted when nobody may be asked any more. */
  readonly ended: AbortSignal;
}

/** A place, and what may be done to get there. */
export interface FoundPlace {
  readonly place: RepositoryPlace;
  readonly reach: Reach;
}

/** Answers of hosts that are remembered at most. */
const mostRemembered = 10_000;

/** Remembers for a while where repositories are. */
export class RepositoryFinder {
  readonly #parts: RepositoryFinderParts;
  readonly #lookups = new RunningWork<RepositoryPlace>();
  readonly #pages = new RunningWork<readonly GoImportTag[]>();
  readonly #remembered = new Map<
    string,
    { readonly place: RepositoryPlace; readonly ms: number }
  >();

  constructor(parts: RepositoryFinderParts) {
    this.#parts = parts;
  }

  /**
   * Where the repository of a module is. Rejects with `not_found` if there is none for such a path, with `refused` if
   * the rules forbid to look, with `upstream_unavailable` or `timed_out` if the module's host does not tell.
   * Authority: cmd/go vcs.RepoRootForImportPath.
   */
  async find(path: ModulePath, signal: AbortSignal): Promise<FoundPlace> {
    const reach = this.#reachOf(path);
    const known = placeFromPath(path, reach.isInsecure);
    const place = known ?? (await this.#ask(path, reach, signal));
    this.#checkSystem(place);
    return { place, reach };
  }

  #reachOf(path: string): Reach {
    const { privateAddresses, insecure } = this.#parts.rules;
    return {
      isPrivate: matchesModulePatterns(privateAddresses, path),
      isInsecure: matchesModulePatterns(insecure, path),
    };
  }

  #checkSystem(place: RepositoryPlace): void {
    const { systems, privateModules } = this.#parts.rules;
    if (allowsSystem(systems, place, privateModules)) return;
    throw new ProxyFailure(
      "refused",
      `GOVCS does not allow ${place.system} for ${place.root}: add ${place.root}:${place.system} to GOVCS in ATHENS_GO_BINARY_ENV_VARS, before what it says of others`,
    );
  }

  async #ask(path: ModulePath, reach: Reach, signal: AbortSignal): Promise<RepositoryPlace> {
    const remembered = this.#remembered.get(path);
    const age = this.#parts.nowMs() - (remembered?.ms ?? Number.NEGATIVE_INFINITY);
    if (remembered !== undefined && age < this.#parts.freshMs) return remembered.place;
    const place = await this.#lookups.join(path, signal, () => this.#discover(path, reach));
    this.#remember(path, place);
    return place;
  }

  #remember(path: string, place: RepositoryPlace): void {
    this.#remembered.delete(path);
    this.#remembered.set(path, { place, ms: this.#parts.nowMs() });
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > mostRemembered && oldest !== undefined) {
      this.#remembered.delete(oldest);
    }
  }

  /** Authority: cmd/go vcs.repoRootForImportDynamic. */
  async #discover(path: ModulePath, reach: Reach): Promise<RepositoryPlace> {
    const tag = tagForModule(await this.#tagsAt(path, reach), path);
    if (tag === undefined) {
      throw new ProxyFailure("not_found", `its host has no go-import tag for it`);
    }
    // Whoever owns a part of a host cannot speak for all of it: the root must say the same.
    if (tag.root !== path) {
      const confirmed = tagForModule(await this.#tagsAt(tag.root, reach), path);
      if (!isSameTag(tag, confirmed)) {
        throw new ProxyFailure("not_found", `its host does not say the same about ${tag.root}`);
      }
    }
    return placeOfTag(tag, reach);
  }

  #tagsAt(path: string, reach: Reach): Promise<readonly GoImportTag[]> {
    const key = `${path} ${reach.isPrivate} ${reach.isInsecure}`;
    return this.#pages.join(key, this.#parts.ended, async () => {
      const page = await this.#pageAt(path, reach);
      const tags = parseGoImportTags(page.text);
      // An error page may hold tags, so its status only counts if there are none.
      if (tags.length === 0) throw pageWithoutTags(page);
      return tags;
    });
  }

  /** Without TLS only where that is allowed, and only if there is no answer with it. */
  async #pageAt(path: string, reach: Reach): Promise<Page> {
    const { pages, ended } = this.#parts;
    const address = `${path.includes("/") ? path : `${path}/`}?go-get=1`;
    try {
      return await pages.get(new URL(`https://${address}`), reach, ended);
    } catch (failure) {
      if (!reach.isInsecure) throw failure;
      return await pages.get(new URL(`http://${address}`), reach, ended);
    }
  }
}

function pageWithoutTags({ status, url }: Page): ProxyFailure {
  if (status === 401 || status === 403) {
    return new ProxyFailure(
      "refused",
      `${url.host} wants a login before it says where the module is: give this proxy credentials for it`,
    );
  }
  if (status === 429 || status >= 500) {
    return new ProxyFailure("upstream_unavailable", `${url.host} answered with status ${status}`);
  }
  return new ProxyFailure("not_found", `${url.host} has no go-import tags there`);
}

/** Authority: cmd/go vcs, the `scheme` of each system and defaultSecureScheme. */
const commonProtocols = ["https:", "http:", "ssh:"];
const systemProtocols: Readonly<Record<string, readonly string[]>> = {
  git: ["git+ssh:"],
  svn: ["svn:", "svn+ssh:"],
  bzr: ["bzr:", "bzr+ssh:"],
};

function placeOfTag(tag: GoImportTag, reach: Reach): RepositoryPlace {
  const { system, root, directory } = tag;
  const refuse = (reason: string) =>
    new ProxyFailure("not_found", `the go-import tag for ${root} ${reason}`);
  if (/^[-/]/.test(directory)) throw refuse("names a directory that is none");
  if (!/^(bzr|fossil|git|hg|svn|mod)$/.test(system)) {
    throw refuse("names an unknown version control system");
  }
  const url = URL.parse(tag.url);
  if (url === null) throw refuse("names no address with a scheme");
  if (url.password !== "") throw refuse("has a password in its address");
  const protocols = systemProtocols[system] ?? [];
  if (![...commonProtocols, ...protocols].includes(url.protocol)) {
    throw refuse(`names an address that begins with ${url.protocol}`);
  }
  if (!/^(https|.*ssh):$/.test(url.protocol) && !reach.isInsecure) {
    throw new ProxyFailure("refused", `the go-import tag for ${root} names an address without TLS`);
  }
  return { system, urls: [tag.url], root, directory: directory.replace(/\/+$/, "") };
}
