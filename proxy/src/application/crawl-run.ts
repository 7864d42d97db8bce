// One crawl: what is asked of which upstream, and what is fetched.
import {
  compareVersions,
  isPseudoVersion,
  type ModulePath,
  type ModuleVersion,
  matchesModulePatterns,
  type Version,
} from "@stoa/gomod";
import type { Bookmarks } from "../domain/bookmarks.ts";
import type { IndexFeed } from "../domain/index-feed.ts";
import type { Leases } from "../domain/leases.ts";
import type { ModuleStore } from "../domain/module-store.ts";
import type { ModuleUses } from "../domain/module-uses.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import { dayOf, dueSince } from "../domain/recheck-round.ts";
import type { VersionCatalog } from "../domain/version-catalog.ts";
import type { AppliedPolicy } from "./apply-policy.ts";
import type { PacedHosts } from "./paced-hosts.ts";
import { PassedOver } from "./pass-over.ts";
import type { UpstreamFinding } from "./watch-upstream.ts";
import { workThrough } from "./work-through.ts";

/** What is crawled. */
export interface CrawlOrder {
  /** Patterns as in GOPRIVATE; "" for all modules of the store. */
  readonly patterns: string;
  /** Only modules that were asked for since then. */
  readonly usedSince: Date | undefined;
  /** Every listed version, or those above the highest that is kept. */
  readonly versions: "all" | "newer";
  /** Which kept versions are asked about anew: each once in so many days, all, or none. */
  readonly recheck: { readonly days: number } | "all" | "none";
}

/** What came of it. */
export interface CrawlSummary {
  readonly modules: number;
  readonly fetched: number;
  readonly refused: number;
  readonly failed: number;
  /** Versions that are listed and could not be had in an earlier crawl: not asked for again for a week. */
  readonly passedOver: number;
  /** Kept versions that were asked about anew, and those of which the upstream says something else now. */
  readonly rechecked: number;
  readonly changed: number;
}

/** A step, for who watches. */
export type CrawlEvent =
  | { readonly kind: "asked"; readonly path: ModulePath; readonly summary: CrawlSummary }
  | { readonly kind: "fetched" | "refused" | "changed"; readonly module: ModuleVersion }
  | {
      readonly kind: "failed";
      readonly path: string;
      readonly version: string | undefined;
      readonly failure: unknown;
    };

export interface CrawlParts {
  readonly store: Pick<ModuleStore, "versions">;
  readonly catalog: VersionCatalog;
  /** Asks the upstream now, and lets the answer be the one that clients get. */
  readonly list: (path: ModulePath, signal: AbortSignal) => Promise<readonly Version[]>;
  readonly keep: (module: ModuleVersion, signal: AbortSignal) => Promise<void>;
  /** Whether its upstream still means the same by a kept version; if not, the alarm is raised already. */
  readonly recheck: (module: ModuleVersion, signal: AbortSignal) => Promise<UpstreamFinding>;
  readonly policy: Pick<AppliedPolicy, "decide" | "isOffline">;
  readonly feeds: readonly IndexFeed[];
  readonly uses: ModuleUses;
  readonly bookmarks: Bookmarks;
  readonly leases: Leases;
  readonly hosts: PacedHosts;
  /** The host that is asked about a module. */
  readonly hostOf: (path: ModulePath) => string;
  /** How many modules are looked at at once. */
  readonly workers: number;
}

/** A page of the catalog is what is done again after a crash. */
const pageSize = 200;
const feedPageSize = 2000;

/** A version takes its info, its go.mod and its zip. */
const requestsPerVersion = 3;

/** Goes through all of it once, to be told of with `tell`. */
export class CrawlRun {
  readonly summary = {
    ...{ modules: 0, fetched: 0, refused: 0, failed: 0, passedOver: 0 },
    ...{ rechecked: 0, changed: 0 },
  };
  readonly #parts: CrawlParts;
  readonly #order: CrawlOrder;
  readonly #signal: AbortSignal;
  readonly #tell: (event: CrawlEvent) => void;
  readonly #seen = new Set<ModulePath>();
  readonly #passedOver: PassedOver;
  #isDue: (module: ModuleVersion) => boolean = () => false;

  constructor(
    parts: CrawlParts,
    order: CrawlOrder,
    signal: AbortSignal,
    tell: (event: CrawlEvent) => void,
  ) {
    this.#parts = parts;
    this.#order = order;
    this.#signal = signal;
    this.#tell = tell;
    this.#passedOver = new PassedOver(parts.bookmarks);
  }

  /** All modules of the store, page by page. */
  async lists(): Promise<void> {
    const { catalog, bookmarks } = this.#parts;
    const { patterns, versions, usedSince } = this.#order;
    const name = `crawl ${versions} ${usedSince === undefined ? "" : "used "}${patterns}`;
    const ended = await this.#beginRechecks(`re${name}`);
    let token = await bookmarks.read(name);
    do {
      const page = await catalog.page(token, pageSize);
      const paths = page.modules.map(({ path }) => path).filter((path) => !this.#seen.has(path));
      for (const path of paths) this.#seen.add(path);
      await this.#each([...new Set(paths)], (path) => this.#module(path));
      token = page.next;
      if (token === undefined) await bookmarks.remove(name);
      else await bookmarks.write(name, token);
    } while (token !== undefined);
    await ended();
  }

  /** Says which versions are due; what comes back is called when all have been asked about. */
  async #beginRechecks(name: string): Promise<() => Promise<void>> {
    const { bookmarks } = this.#parts;
    const { recheck } = this.#order;
    if (recheck === "none") return async () => undefined;
    const today = dayOf(Date.now());
    const last = await bookmarks.read(name);
    this.#isDue =
      recheck === "all"
        ? () => true
        : dueSince(last === undefined ? undefined : Number(last), { ...recheck, today });
    return () => bookmarks.write(name, `${today}`);
  }

  /** What a feed tells about modules of the store since it was read last; from `begun` if it never was. */
  async feed(feed: IndexFeed, begun: string): Promise<void> {
    const { bookmarks, hosts, store } = this.#parts;
    const name = `feed ${feed.name}`;
    const host = new URL(feed.name).host;
    let since = (await bookmarks.read(name)) ?? begun;
    await bookmarks.write(name, since);
    for (;;) {
      await hosts.turn(host, 1, this.#signal);
      const asked = await feed.since(since, feedPageSize, this.#signal).catch((failure) => {
        hosts.failed(host, failure);
        this.#failed({ path: feed.name, version: undefined }, failure);
      });
      if (asked === undefined) return;
      await this.#each(asked.entries, async ({ module }) => {
        const kept = (await this.#isMeant(module.path)) ? await store.versions(module.path) : [];
        if (kept.length > 0 && !kept.includes(module.version)) await this.#fetch(module);
      });
      // The next page begins with the entry that ended this one; no two have the same time.
      const isStuck = asked.last === undefined || asked.last === since;
      since = asked.last ?? since;
      await bookmarks.write(name, since);
      if (isStuck || asked.lines < feedPageSize) return;
    }
  }

  async #module(path: ModulePath): Promise<void> {
    if (!(await this.#isMeant(path)) || !(await this.#mayAsk(path))) return;
    const { list, store } = this.#parts;
    const subject = { path, version: undefined };
    const listed = await this.#ask(subject, 1, () => list(path, this.#signal));
    if (listed === undefined) return;
    this.summary.modules += 1;
    this.#tell({ kind: "asked", path, summary: this.summary });
    const kept = await store.versions(path);
    for (const version of this.#wanted(listed, kept)) await this.#fetch({ path, version });
    for (const version of kept) {
      if (this.#isDue({ path, version })) await this.#recheck({ path, version });
    }
  }

  async #recheck(module: ModuleVersion): Promise<void> {
    if (!(await this.#mayFetch(module))) return;
    const { recheck } = this.#parts;
    const ask = (): Promise<UpstreamFinding> => recheck(module, this.#signal);
    const finding = await this.#ask(module, requestsPerVersion, ask);
    if (finding === undefined) return;
    this.summary.rechecked += 1;
    if (finding === "same") return;
    this.summary.changed += 1;
    this.#tell({ kind: "changed", module });
  }

  #wanted(listed: readonly Version[], kept: readonly Version[]): readonly Version[] {
    const known = new Set(kept);
    const missing = listed.filter((version) => !known.has(version));
    if (this.#order.versions === "all") return missing;
    const highest = kept.filter((version) => !isPseudoVersion(version)).toSorted(compareVersions);
    const last = highest.at(-1);
    return missing.filter((version) => last === undefined || compareVersions(version, last) > 0);
  }

  async #fetch(module: ModuleVersion): Promise<void> {
    if (!(await this.#mayFetch(module))) {
      this.summary.refused += 1;
      this.#tell({ kind: "refused", module });
      return;
    }
    if (await this.#passedOver.has(module)) {
      this.summary.passedOver += 1;
      return;
    }
    const { keep } = this.#parts;
    const isKept = await this.#ask(module, requestsPerVersion, async () => {
      try {
        await keep(module, this.#signal);
        return true;
      } catch (failure) {
        await this.#passedOver.note(module, failure);
        throw failure;
      }
    });
    if (isKept === undefined) return;
    this.summary.fetched += 1;
    this.#tell({ kind: "fetched", module });
  }

  /** Asks a module's host in its turn. `undefined` if that was in vain, which is then told. */
  async #ask<T>(
    subject: { readonly path: ModulePath; readonly version: string | undefined },
    requests: number,
    question: () => Promise<T>,
  ): Promise<T | undefined> {
    const { hosts, hostOf } = this.#parts;
    try {
      return await hosts.ask(hostOf(subject.path), { requests, question }, this.#signal);
    } catch (failure) {
      this.#failed(subject, failure);
      return undefined;
    }
  }

  /** Counts a failure, unless it ends everything. */
  #failed(
    subject: { readonly path: string; readonly version: string | undefined },
    failure: unknown,
  ): void {
    this.#signal.throwIfAborted();
    if (!(failure instanceof ProxyFailure) || failure.code === "store_unavailable") throw failure;
    this.summary.failed += 1;
    this.#tell({ kind: "failed", ...subject, failure });
  }

  async #isMeant(path: ModulePath): Promise<boolean> {
    const { patterns, usedSince } = this.#order;
    if (patterns !== "" && !matchesModulePatterns(patterns, path)) return false;
    if (usedSince === undefined) return true;
    const last = await this.#parts.uses.lastUse(path);
    return last !== undefined && last >= usedSince;
  }

  /** Whether the policy lets anybody's question about the module go to its upstream. */
  async #mayAsk(path: ModulePath): Promise<boolean> {
    return this.#isAllowed({ endpoint: "list", path, version: undefined });
  }

  async #mayFetch({ path, version }: ModuleVersion): Promise<boolean> {
    return this.#isAllowed({ endpoint: "zip", path, version });
  }

  async #isAllowed(question: Parameters<AppliedPolicy["decide"]>[0]): Promise<boolean> {
    try {
      const { decision } = await this.#parts.policy.decide(question, this.#signal);
      const { action } = decision.onMiss;
      const { verdict } = decision.admission;
      return verdict === "served" && (action === "fetch" || action === "queue");
    } catch (failure) {
      if (failure instanceof ProxyFailure && failure.code === "refused") return false;
      throw failure;
    }
  }

  async #each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
    await workThrough(items, this.#parts.workers, async (item) => {
      this.#signal.throwIfAborted();
      await work(item);
    });
  }
}
