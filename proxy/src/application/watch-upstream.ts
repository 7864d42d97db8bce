// Whether upstreams still have what is kept, and still mean the same by it.
import {
  isPseudoVersion,
  type ModulePath,
  type ModuleVersion,
  parseVersionInfo,
  type Version,
  type VersionInfo,
} from "@stoa/gomod";
import type { Log } from "@stoa/telemetry";
import type { Bookmarks } from "../domain/bookmarks.ts";
import type { ModuleStore } from "../domain/module-store.ts";
import { compareInfos, movedSentence, type TagComparison } from "../domain/moved-version.ts";
import { type FailureSubject, ProxyFailure } from "../domain/proxy-failure.ts";
import { readStored } from "../domain/stored-delivery.ts";
import type { Fetcher } from "../domain/upstream.ts";
import type { UpstreamComparison } from "./compare-upstream.ts";
import type { RaiseAlarm } from "./raise-alarms.ts";

export interface UpstreamWatchParts {
  readonly store: Pick<ModuleStore, "open" | "versions">;
  readonly upstream: Pick<Fetcher, "info">;
  readonly bytes: Pick<UpstreamComparison, "compare" | "isConfirmed">;
  /**
   * The commits that the tags of versions name, as their repository has just said; none where something else than their
   * repository is asked.
   */
  readonly commits: (
    path: ModulePath,
    versions: readonly Version[],
    signal: AbortSignal,
  ) => Promise<ReadonlyMap<Version, string>>;
  /** Remembers what was raised, so that it is raised once. */
  readonly bookmarks: Bookmarks;
  readonly raise: RaiseAlarm;
  readonly log: Log;
}

/** What an upstream means by a kept version. */
export type UpstreamFinding = "same" | "moved" | "altered" | "vanished";

type Alarm = Exclude<UpstreamFinding, "same">;

/** How many versions may wait to be looked at, and how long the answer is not asked for again. */
const mostWaiting = 1000;
/** Of so many versions it is remembered which commit their tag named last. */
const mostSeen = 20_000;
const askAgainMs = 7 * 86_400_000;

/**
 * Looks at answers that upstreams have given anyhow, and asks about a kept version that is missing from a list, or of which
 * another time is told than that of what is kept. An alarm is raised once, and again when the version had come back in
 * between.
 */
export class UpstreamWatch implements AsyncDisposable {
  readonly #parts: UpstreamWatchParts;
  readonly #ending = new AbortController();
  readonly #waiting = new Map<string, () => Promise<unknown>>();
  readonly #asked = new Map<string, number>();
  readonly #seen = new Map<string, string>();
  readonly #looking = new Set<Promise<void>>();
  #working: Promise<void> | undefined;

  constructor(parts: UpstreamWatchParts) {
    this.#parts = parts;
  }

  /** Asks about a version, and compares its bytes if there is doubt. Rejects as `Fetcher` where nobody can tell. */
  async ask(module: ModuleVersion, signal: AbortSignal): Promise<UpstreamFinding> {
    try {
      const { info } = await this.#parts.upstream.info(module, signal);
      const comparison = await this.#compared(module, info);
      return comparison === "doubtful" ? await this.#compareBytes(module, signal) : comparison;
    } catch (failure) {
      if (!isAbsence(failure)) throw failure;
      await this.#raiseOnce("vanished", module, `its upstream has it no more: ${failure.message}`);
      return "vanished";
    }
  }

  /** As `ask`; and of what no checksum database has confirmed the bytes are compared whatever is said of it. */
  async recheck(module: ModuleVersion, signal: AbortSignal): Promise<UpstreamFinding> {
    const finding = await this.ask(module, signal);
    if (finding !== "same" || (await this.#parts.bytes.isConfirmed(module))) return finding;
    return await this.#compareBytes(module, signal);
  }

  /** An upstream has said something about a version. */
  told(path: ModulePath, info: VersionInfo): void {
    this.#inBackground(async () => {
      const module = { path, version: info.version };
      if ((await this.#compared(module, info)) !== "doubtful") return;
      this.#later(`bytes ${nameOf(module)}`, () => this.#compareBytes(module, this.#ending.signal));
    });
  }

  /** An upstream has said which versions a module has. */
  listed(path: ModulePath, versions: readonly Version[]): void {
    this.#inBackground(async () => {
      await this.#forget("vanished", { path });
      const listed = new Set(versions);
      const kept = await this.#parts.store.versions(path);
      for (const version of kept) {
        // Lists lawfully lack pseudo-versions, and +incompatible ones where a later version has a go.mod.
        const isElsewhere = isPseudoVersion(version) || version.endsWith("+incompatible");
        if (listed.has(version) || isElsewhere) continue;
        const module = { path, version };
        this.#later(nameOf(module), () => this.ask(module, this.#ending.signal));
      }
      await this.#lookAtTags(path, kept);
    });
  }

  /** An upstream has said that it does not know a module. */
  unknown(path: ModulePath, why: string): void {
    this.#inBackground(async () => {
      if ((await this.#parts.store.versions(path)).length === 0) return;
      const sentence = `its upstream does not know this module, of which versions are kept: ${why}`;
      await this.#raiseOnce("vanished", { path }, sentence);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort(new Error("the server stops"));
    await Promise.allSettled([...this.#looking, this.#working]);
  }

  /** Compares what an upstream says of a version with what is kept of it, if anything is. */
  async #compared(module: ModuleVersion, told: VersionInfo): Promise<TagComparison> {
    const kept = await this.#keptInfo(module);
    if (kept === undefined) return "same";
    await this.#forget("vanished", module);
    const comparison = compareInfos(kept, told);
    if (comparison === "moved") {
      await this.#raiseOnce("moved", module, movedSentence(kept.origin?.hash, told.origin?.hash));
    }
    return comparison;
  }

  async #compareBytes(module: ModuleVersion, signal: AbortSignal): Promise<UpstreamFinding> {
    const compared = await this.#parts.bytes.compare(module, signal);
    if (compared.finding === "same") return "same";
    if (compared.finding === "altered") await this.#raiseOnce("altered", module, compared.why);
    return "altered";
  }

  /** Compares the commits of tags, as far as they are news, with those of what is kept. */
  async #lookAtTags(path: ModulePath, kept: readonly Version[]): Promise<void> {
    const commits = await this.#parts.commits(path, kept, this.#ending.signal);
    for (const [version, commit] of commits) {
      const module = { path, version };
      const name = nameOf(module);
      if (this.#seen.get(name) === commit) continue;
      const from = (await this.#keptInfo(module))?.origin?.hash;
      if (from !== undefined && from !== commit) {
        await this.#raiseOnce("moved", module, movedSentence(from, commit));
      }
      if (this.#seen.size >= mostSeen) this.#seen.clear();
      this.#seen.set(name, commit);
    }
  }

  #inBackground(look: () => Promise<void>): void {
    if (this.#ending.signal.aborted) return;
    const looking = this.#told(look).finally(() => this.#looking.delete(looking));
    this.#looking.add(looking);
  }

  async #keptInfo(module: ModuleVersion): Promise<VersionInfo | undefined> {
    const file = await this.#parts.store.open(module, "info");
    if (file === undefined) return undefined;
    await using kept = file;
    return parseVersionInfo(await readStored(kept));
  }

  /** Does something when there is time, and not again for a while. */
  #later(key: string, work: () => Promise<unknown>): void {
    const now = performance.now();
    if (now - (this.#asked.get(key) ?? Number.NEGATIVE_INFINITY) < askAgainMs) return;
    if (this.#waiting.size >= mostWaiting || this.#ending.signal.aborted) return;
    if (this.#asked.size >= 10 * mostWaiting) this.#asked.clear();
    this.#asked.set(key, now);
    this.#waiting.set(key, work);
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  /** One after the other: nobody waits for it. */
  async #work(): Promise<void> {
    for (const [key, work] of this.#waiting) {
      this.#waiting.delete(key);
      if (this.#ending.signal.aborted) return;
      try {
        await work();
      } catch (failure) {
        this.#asked.delete(key); // nobody could tell: next time again
        this.#parts.log.debug("nobody can tell whether an upstream still has what is kept", {
          what: key,
          error: failure,
        });
      }
    }
  }

  async #raiseOnce(kind: Alarm, subject: FailureSubject, sentence: string): Promise<void> {
    const { bookmarks, raise } = this.#parts;
    const name = markOf(kind, subject);
    await this.#told(async () => {
      if ((await bookmarks.read(name)) !== undefined) return;
      raise(kind, subject, sentence);
      await bookmarks.write(name, new Date().toISOString());
    });
  }

  /** What was raised does not hold any more. */
  async #forget(kind: Alarm, subject: FailureSubject): Promise<void> {
    const { bookmarks } = this.#parts;
    const name = markOf(kind, subject);
    await this.#told(async () => {
      if ((await bookmarks.read(name)) !== undefined) await bookmarks.remove(name);
    });
  }

  async #told(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (failure) {
      this.#parts.log.warn("it cannot be looked at whether upstreams still have what is kept", {
        error: failure,
      });
    }
  }
}

function nameOf({ path, version }: FailureSubject): string {
  return version === undefined ? path : `${path}@${version}`;
}

function markOf(kind: Alarm, subject: FailureSubject): string {
  return `alarm ${kind} ${nameOf(subject)}`;
}

function isAbsence(failure: unknown): failure is ProxyFailure {
  return failure instanceof ProxyFailure && failure.code === "not_found";
}
