// Which versions a module has: what the upstream lists and what is kept.
import { isPseudoVersion, type ModulePath, sortVersions, type Version } from "@stoa/gomod";
import type { ModuleStore } from "../domain/module-store.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
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

  /** The kept versions alone. Rejects with `not_found` if there are none. */
  async kept(path: ModulePath): Promise<readonly Version[]> {
    const kept = await this.#store.versions(path);
    if (kept.length > 0) return sortVersions(kept.filter((version) => !isPseudoVersion(version)));
    throw new ProxyFailure("not_found", "no version of it is kept here", { subject: { path } });
  }

  async #merged(path: ModulePath, signal: AbortSignal): Promise<readonly Version[]> {
    const kept = (await this.#store.versions(path)).filter((version) => !isPseudoVersion(version));
    try {
      const listed = await this.#upstream.list(path, signal);
      return sortVersions([...new Set([...listed, ...kept])]);
    } catch (failure) {
      const absent = failure instanceof ProxyFailure && failure.code === "not_found";
      if (absent && kept.length > 0) return sortVersions(kept);
      throw failure;
    }
  }
}
