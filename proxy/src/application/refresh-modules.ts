// Somebody says that there is something new: ask now, fetch it, and let everybody see it.
import type { ModulePath, ModuleVersion, Version } from "@stoa/gomod";
import type { ModuleStore } from "../domain/module-store.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import { versionsOfTag } from "../domain/repository/pushed-tags.ts";
import type { Fetcher } from "../domain/upstream.ts";
import type { VersionCatalog } from "../domain/version-catalog.ts";
import type { AppliedPolicy } from "./apply-policy.ts";

/** What may have changed. */
export interface RefreshOrder {
  /** The beginnings that the paths of a repository's modules have in common. */
  readonly roots: readonly string[];
  /** The tags that were pushed to the repository. */
  readonly tags: readonly string[];
  /** Modules by themselves. */
  readonly modules: readonly ModulePath[];
  /** Versions that are to be fetched. */
  readonly versions: readonly ModuleVersion[];
}

/** What came of it: `absent` modules are known to nobody. */
export interface RefreshReport {
  readonly modules: readonly {
    readonly path: ModulePath;
    readonly state: "refreshed" | "absent" | "refused" | "failed";
    readonly reason?: string;
  }[];
  readonly versions: readonly {
    readonly module: ModuleVersion;
    readonly state: "kept" | "queued" | "refused" | "failed";
    readonly reason?: string;
  }[];
}

export interface RefreshParts {
  readonly store: Pick<ModuleStore, "versions">;
  readonly catalog: VersionCatalog;
  readonly upstream: Pick<Fetcher, "info">;
  readonly lists: { refresh(path: ModulePath, signal: AbortSignal): Promise<readonly Version[]> };
  readonly queries: { refresh(path: ModulePath, signal: AbortSignal): Promise<unknown> };
  readonly policy: Pick<AppliedPolicy, "decide">;
  /** Takes a version that is then not forgotten. */
  readonly queue: (module: ModuleVersion) => Promise<void>;
  readonly keep: (module: ModuleVersion, signal: AbortSignal) => Promise<void>;
  /** What is known about the names in repositories does not count any more. */
  readonly expireNames: () => void;
  /** Answers that are at hand must not be given out any more. */
  readonly expireAnswers: () => void;
  /** How long a version is waited for before it is left to the queue. */
  readonly patienceMs: number;
}

/** So many modules at once; a repository may have hundreds. */
const concurrent = 8;
const pageSize = 1000;

export class ModuleRefresh {
  readonly #parts: RefreshParts;

  constructor(parts: RefreshParts) {
    this.#parts = parts;
  }

  /**
   * Asks the upstreams about the modules that an order means. When it resolves, lists and latest say what they say now,
   * and the versions are kept, or wait in the queue. Rejects with `store_unavailable`, or the signal's reason.
   */
  async refresh(order: RefreshOrder, signal: AbortSignal): Promise<RefreshReport> {
    const { roots, tags, modules } = order;
    const candidates = roots.flatMap((root) => tags.flatMap((tag) => versionsOfTag(root, tag)));
    const kept = (await Promise.all(roots.map((root) => this.#keptBelow(root)))).flat();
    const named = [...order.versions, ...candidates].map(({ path }) => path);
    const paths = [...new Set([...modules, ...kept, ...named])];
    this.#parts.expireNames();
    const versions = (
      await eachOf([...order.versions, ...candidates], (module) => this.#version(module, signal))
    ).flatMap((report) => report ?? []);
    const asked = await eachOf(paths, (path) => this.#module(path, signal));
    this.#parts.expireAnswers();
    const guessed = new Set(candidates.map(({ path }) => path));
    const isOfInterest = ({ path, state }: (typeof asked)[number]): boolean =>
      state !== "absent" || modules.includes(path) || !guessed.has(path);
    return { modules: asked.filter(isOfInterest), versions };
  }

  /** The modules of the store at and below a root. */
  async #keptBelow(root: string): Promise<readonly ModulePath[]> {
    const slash = root.lastIndexOf("/");
    if (slash < 0) return [];
    const paths = new Set<ModulePath>();
    let token: string | undefined = `${root.slice(0, slash)}|${root.slice(slash + 1)}`;
    while (token !== undefined) {
      const page = await this.#parts.catalog.page(token, pageSize);
      token = page.next;
      for (const { path } of page.modules) {
        if (path === root || path.startsWith(`${root}/`)) paths.add(path);
        else token = undefined; // what follows is elsewhere
      }
    }
    return [...paths];
  }

  async #module(path: ModulePath, signal: AbortSignal): Promise<RefreshReport["modules"][number]> {
    const { lists, queries } = this.#parts;
    try {
      const refusal = await this.#refusal({ endpoint: "list", path, version: undefined }, signal);
      if (refusal !== undefined) return { path, state: "refused", reason: refusal };
      const latest = queries.refresh(path, signal);
      latest.catch(() => undefined); // a module without a latest version has a list all the same
      await lists.refresh(path, signal);
      await latest.catch(ifAbsent);
      return { path, state: "refreshed" };
    } catch (failure) {
      const { code, message } = passing(failure, signal);
      return { path, state: code === "not_found" ? "absent" : "failed", reason: message };
    }
  }

  /** Undefined if there is no such version: of what a tag may mean only one exists. */
  async #version(
    module: ModuleVersion,
    signal: AbortSignal,
  ): Promise<RefreshReport["versions"][number] | undefined> {
    try {
      const refusal = await this.#refusal({ endpoint: "zip", ...module }, signal);
      if (refusal !== undefined) return { module, state: "refused", reason: refusal };
      await this.#parts.upstream.info(module, signal);
      await this.#parts.queue(module);
      return { module, state: (await this.#arrives(module, signal)) ? "kept" : "queued" };
    } catch (failure) {
      const { code, message } = passing(failure, signal);
      return code === "not_found" ? undefined : { module, state: "failed", reason: message };
    }
  }

  /** The queue fetches it too; whoever comes second finds the other at it. */
  async #arrives(module: ModuleVersion, signal: AbortSignal): Promise<boolean> {
    const patience = AbortSignal.timeout(this.#parts.patienceMs);
    try {
      await this.#parts.keep(module, AbortSignal.any([signal, patience]));
      return true;
    } catch (failure) {
      if (patience.aborted && !signal.aborted) return false;
      throw failure;
    }
  }

  async #refusal(
    question: Parameters<AppliedPolicy["decide"]>[0],
    signal: AbortSignal,
  ): Promise<string | undefined> {
    try {
      const { decision } = await this.#parts.policy.decide(question, signal);
      const { action } = decision.onMiss;
      const isServed = decision.admission.verdict === "served";
      if (isServed && (action === "fetch" || action === "queue")) return undefined;
      return "the policy does not let it be asked for here";
    } catch (failure) {
      if (failure instanceof ProxyFailure && failure.code === "refused") return failure.message;
      throw failure;
    }
  }
}

function ifAbsent(failure: unknown): void {
  if (!(failure instanceof ProxyFailure && failure.code === "not_found")) throw failure;
}

/** A failure of one module; any other is thrown. */
function passing(failure: unknown, signal: AbortSignal): ProxyFailure {
  signal.throwIfAborted();
  if (failure instanceof ProxyFailure && failure.code !== "store_unavailable") return failure;
  throw failure;
}

async function eachOf<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const left = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of left) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: concurrent }, worker));
  return results;
}
