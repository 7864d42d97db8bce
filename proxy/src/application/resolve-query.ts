// Which version a question means: latest, a branch, a tag, a commit.
import {
  compareVersions,
  isPrerelease,
  isPseudoVersion,
  type ModulePath,
  parseVersionInfo,
  type Version,
} from "@stoa/gomod";
import type { ModuleStore } from "../domain/module-store.ts";
import { isUpstreamTrouble, ProxyFailure } from "../domain/proxy-failure.ts";
import type { InfoDocument, Resolver } from "../domain/upstream.ts";
import type { Remembered, RememberedAnswers } from "./remembered-answers.ts";

/** Resolves queries, remembering the answers for a while. */
export class QueryAnswers {
  readonly #store: ModuleStore;
  readonly #upstream: Resolver;
  readonly #remembered: RememberedAnswers<InfoDocument>;

  constructor(parts: {
    readonly store: ModuleStore;
    readonly upstream: Resolver;
    readonly remembered: RememberedAnswers<InfoDocument>;
  }) {
    this.#store = parts.store;
    this.#upstream = parts.upstream;
    this.#remembered = parts.remembered;
  }

  /** The version that `query` means now, as the upstream sees it. Rejects with a `ProxyFailure`. */
  resolve(path: ModulePath, query: string, signal: AbortSignal): Promise<Remembered<InfoDocument>> {
    return this.#remembered.get(`${path}@${query}`, signal, (shared) =>
      this.#upstream.resolve(path, query, shared),
    );
  }

  /** What `latest` means now, as the upstream says; every other query of the module is asked anew. */
  async refresh(path: ModulePath, signal: AbortSignal): Promise<InfoDocument> {
    await this.#remembered.forgetQueries(path);
    return await this.#remembered.refresh(`${path}@latest`, signal, (shared) =>
      this.#upstream.resolve(path, "latest", shared),
    );
  }

  /** What `latest` means now; if the upstream cannot say, the latest kept version as a stale answer. */
  async latestOrKept(path: ModulePath, signal: AbortSignal): Promise<Remembered<InfoDocument>> {
    try {
      return await this.resolve(path, "latest", signal);
    } catch (failure) {
      const kept = isUpstreamTrouble(failure) && (await this.#keptInfo(path));
      if (!kept) throw failure;
      return { value: kept, ageMs: 0, stale: true, asked: true };
    }
  }

  /**
   * The latest kept version, by the go command's rule: the highest release, else the highest pre-release, else the
   * highest pseudo-version. Rejects with `not_found` if nothing is kept.
   */
  async latestKept(path: ModulePath): Promise<InfoDocument> {
    const kept = await this.#keptInfo(path);
    if (kept !== undefined) return kept;
    throw new ProxyFailure("not_found", "no version of it is kept here", { subject: { path } });
  }

  async #keptInfo(path: ModulePath): Promise<InfoDocument | undefined> {
    const version = latestOf(await this.#store.versions(path));
    const file = version && (await this.#store.open({ path, version }, "info"));
    if (!file) return undefined;
    await using info = file;
    const bytes = new Uint8Array(info.size);
    await info.read(0, bytes);
    return { bytes, info: parseVersionInfo(bytes), from: "store" };
  }
}

function latestOf(versions: readonly Version[]): Version | undefined {
  const rank = (version: Version): number => {
    if (isPseudoVersion(version)) return 0;
    return isPrerelease(version) ? 1 : 2;
  };
  return versions.toSorted((a, b) => rank(b) - rank(a) || compareVersions(b, a))[0];
}
