// A disk that fills up: says so in time, and makes room with what can be fetched again.
import type { ModuleVersion } from "@stoa/gomod";
import type { Log, Metrics } from "@stoa/telemetry";
import type { KeepLists } from "../domain/keep-lists.ts";
import type { Leases } from "../domain/leases.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import { type KeptVersion, LongestUnused, protectionOf } from "../domain/retention.ts";
import type { Space, StorageSpace } from "../domain/storage-space.ts";
import type { VersionTrash } from "../domain/version-trash.ts";
import type { RefetchCheck } from "./check-refetch.ts";
import { isUntouched, keptVersions, type SurveyParts } from "./survey-versions.ts";

export interface DiskReliefParts {
  readonly space: StorageSpace;
  /** What the storage may take; 0 for all that its file system has. */
  readonly quotaBytes: number;
  /** Whether room is made; otherwise it is only said. */
  readonly evicts: boolean;
  /** What never goes, and whose names nobody outside is told: in the grammar of GOPRIVATE. */
  readonly protect: string;
  readonly private: string;
  readonly survey: SurveyParts;
  readonly keepLists: Pick<KeepLists, "versionsOf">;
  readonly refetch: Pick<RefetchCheck, "ask">;
  readonly trash: VersionTrash | undefined;
  readonly leases: Leases;
  /** Takes the zip of a version out of the store, for good. */
  readonly evict: (module: ModuleVersion) => Promise<void>;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** As parts of the capacity. Room is made down to the first, so that it need not be made again soon. */
const warnAt = 0.9;
const evictAt = 0.95;

/** So many versions are considered before the disk is looked at again. */
const mostAtOnce = 5000;
const sayAgainMs = 3_600_000;

/**
 *     below 90 % ── nothing
 *     90 % ──────── a warning, repeated each hour
 *     95 % ──────── what is in the trash and can be fetched again goes, the oldest first; then zips of versions that
 *                   are public, on no list and still upstream, the longest unused first; until below 90 %
 */
export class DiskRelief {
  readonly #parts: DiskReliefParts;
  readonly #evicted: { inc(by?: number): void };
  #space: Space = { used: 0, capacity: 0 };
  #saidMs = Number.NEGATIVE_INFINITY;

  constructor(parts: DiskReliefParts) {
    this.#parts = parts;
    const { metrics } = parts;
    const told = [
      [
        "stoa_storage_used_bytes",
        "What the storage takes, or its file system without a quota.",
        "used",
      ],
      ["stoa_storage_capacity_bytes", "What it may take.", "capacity"],
    ] as const;
    for (const [name, help, of] of told)
      metrics.collected(name, help, "gauge", () => this.#space[of]);
    this.#evicted = metrics
      .counter("stoa_evicted_versions_total", "Versions whose zip was removed to make room.")
      .with({});
  }

  /** Looks once, and does what is due. Rejects with `store_unavailable`, or the signal's reason. */
  async look(signal: AbortSignal): Promise<void> {
    const { space, quotaBytes, evicts, leases, log } = this.#parts;
    this.#space = await space.measure(quotaBytes, signal);
    if (this.#share < warnAt) {
      this.#saidMs = Number.NEGATIVE_INFINITY;
      return;
    }
    if (!evicts || this.#share < evictAt) {
      const advice = evicts ? `at ${evictAt * 100} % room is made` : "nothing is removed by itself";
      this.#say(() =>
        log.warn(`the storage is ${this.#percent} full: ${advice}`, { ...this.#space }),
      );
      return;
    }
    // On a full disk the lease may be what cannot be written: it only spares work.
    const lease = await leases.take("retention").catch(unlessUnavailable);
    if (lease === undefined) return; // another instance is at it
    await using _held = lease;
    const freed = await this.#makeRoom(signal);
    this.#space = await space.measure(quotaBytes, signal);
    const after = { ...freed, ...this.#space };
    if (freed.versions > 0)
      log.warn(`room was made: ${this.#percent} of the storage are used`, after);
    if (this.#share < evictAt) return;
    this.#say(() =>
      log.error(
        `the storage is ${this.#percent} full, and nothing more may go: give it more room, or see "stoa modules retain" and "stoa modules trash"`,
        after,
      ),
    );
  }

  get #share(): number {
    return this.#space.used / Math.max(1, this.#space.capacity);
  }

  get #percent(): string {
    return `${Math.floor(this.#share * 100)} %`;
  }

  /** Not at every look. */
  #say(sentence: () => void): void {
    if (performance.now() - this.#saidMs < sayAgainMs) return;
    this.#saidMs = performance.now();
    sentence();
  }

  async #makeRoom(
    signal: AbortSignal,
  ): Promise<{ readonly versions: number; readonly bytes: number }> {
    const { used, capacity } = this.#space;
    const wanted = used - capacity * warnAt;
    const freed = { versions: 0, bytes: 0 };
    for await (const { id, bytes, isRefetchable } of this.#parts.trash?.all() ?? []) {
      if (freed.bytes >= wanted) return freed;
      if (!isRefetchable) continue;
      await this.#parts.trash?.purge(id);
      freed.versions += 1;
      freed.bytes += bytes;
    }
    for (const version of await this.#candidates(signal)) {
      if (freed.bytes >= wanted) break;
      signal.throwIfAborted();
      if (!(await this.#mayGo(version, signal))) continue;
      await this.#parts.evict(version.module);
      this.#evicted.inc();
      freed.versions += 1;
      freed.bytes += version.bytes;
    }
    return freed;
  }

  async #candidates(signal: AbortSignal): Promise<readonly KeptVersion[]> {
    const { survey, protect } = this.#parts;
    const rules = { protect, private: this.#parts.private, even: new Set<never>() };
    const candidates = new LongestUnused(mostAtOnce);
    for await (const version of keptVersions(survey, signal)) {
      if (protectionOf(version.module.path, rules) === undefined) candidates.add(version);
    }
    return candidates.inOrder().slice(0, mostAtOnce);
  }

  async #mayGo(kept: KeptVersion, signal: AbortSignal): Promise<boolean> {
    const { survey, keepLists, refetch } = this.#parts;
    const { module } = kept;
    const { path, version } = module;
    if ((await keepLists.versionsOf(path)).has(version)) return false;
    if ((await refetch.ask(module, signal)).answer !== "yes") return false;
    // Asking took its time: somebody may have used or registered it.
    if (!(await isUntouched(survey, kept))) return false;
    return !(await keepLists.versionsOf(path)).has(version);
  }
}

function unlessUnavailable(failure: unknown): AsyncDisposable {
  if (!(failure instanceof ProxyFailure) || failure.code !== "store_unavailable") throw failure;
  return { [Symbol.asyncDispose]: () => Promise.resolve() };
}
