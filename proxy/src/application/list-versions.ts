// Which versions a module has: what the upstream lists and what is kept.
import { isPseudoVersion, type ModulePath, sortVersions, type Version } from "@stoa/gomod";
import type { ModuleStore } from "../domain/module-store.ts";
import { isUpstreamTrouble, ProxyFailure } from "../domain/proxy-failure.ts";
import type { Lister } from "../domain/upstream.ts";
import type { Remembered, RememberedAnswers } from "./remembered-answers.ts";

/** Lists versions, sorted, without pseudo-versions. */
export class VersionLists {
  readonly #store: ModuleStore;
  readonly #upstream: Lister & { readonly name: string };
  readonly #remembered: RememberedAnswers<readonly Version[]>;

  constructor(parts: {
    readonly store: ModuleStore;
    readonly upstream: Lister & { readonly name: string };
    readonly remembered: RememberedAnswers<readonly Version[]>;
  }) {
    this.#store = parts.store;
    this.#upstream = parts.upstream;
    this.#remembered = parts.remembered;
  }

  /** Who is asked for lists. */
  get upstreamName(): string {
    return this.#upstream.name;
  }

  /**
   * The versions of a module. A version that the upstream no longer has and that is kept stays listed, for it can still
   * be served. Rejects with `not_found` only if the upstream does not know the module and nothing of it is kept.
   */
  list(path: ModulePath, signal: AbortSignal): Promise<Remembered<readonly Version[]>> {
    return this.#remembered.get(path, signal, (shared) => this.#merged(path, shared));
  }

  /** The versions of a module as the upstream lists them now; what `list` gives from then on. */
  refresh(path: ModulePath, signal: AbortSignal): Promise<readonly Version[]> {
    return this.#remembered.refresh(path, signal, (shared) => this.#merged(path, shared));
  }

  /** As `refresh`, unless an instance has asked lately. */
  renew(path: ModulePath, signal: AbortSignal): Promise<readonly Version[]> {
    return this.#remembered.renew(path, signal, (shared) => this.#merged(path, shared));
  }

  /** As `list`; but if the upstream cannot say, and nothing is remembered, the list is what is kept, even if it is empty. */
  async listOrKept(path: ModulePath, signal: AbortSignal): Promise<Remembered<readonly Version[]>> {
    try {
      return await this.list(path, signal);
    } catch (failure) {
      if (!isUpstreamTrouble(failure)) throw failure;
      return { value: await this.kept(path), ageMs: 0, stale: true, asked: true };
    }
  }

  /** The kept versions alone, pseudo-versions included. */
  async kept(path: ModulePath): Promise<readonly Version[]> {
    return sortVersions([...(await this.#store.versions(path))]);
  }

  async #merged(path: ModulePath, signal: AbortSignal): Promise<readonly Version[]> {
    const kept = withoutPseudoVersions(await this.#store.versions(path));
    try {
      const listed = await this.#upstream.list(path, signal);
      const tagged = kept.filter((version) => !isPseudoVersion(version));
      return sortVersions([...new Set([...listed, ...tagged])]);
    } catch (failure) {
      const absent = failure instanceof ProxyFailure && failure.code === "not_found";
      if (absent && kept.length > 0) return sortVersions([...kept]);
      throw failure;
    }
  }
}

/**
 * The tags among the versions; where there are none, all of them. To a module that has tags the go command would never
 * ask `latest` if its pseudo-versions were listed.
 */
function withoutPseudoVersions(versions: readonly Version[]): readonly Version[] {
  const tags = versions.filter((version) => !isPseudoVersion(version));
  return tags.length > 0 ? tags : versions;
}
