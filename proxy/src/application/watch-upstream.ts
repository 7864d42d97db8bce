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
import { type FailureSubject, ProxyFailure } from "../domain/proxy-failure.ts";
import { readStored } from "../domain/stored-delivery.ts";
import type { Fetcher } from "../domain/upstream.ts";
import type { RaiseAlarm } from "./raise-alarms.ts";

export interface UpstreamWatchParts {
  readonly store: Pick<ModuleStore, "open" | "versions">;
  readonly upstream: Pick<Fetcher, "info">;
  /** Remembers what was raised, so that it is raised once. */
  readonly bookmarks: Bookmarks;
  readonly raise: RaiseAlarm;
  readonly log: Log;
}

/** What an upstream means by a kept version. */
export type UpstreamFinding = "same" | "moved" | "vanished";

/** How many versions that a list lacks may wait to be asked about, and how long the answer is not asked for again. */
const mostWaiting = 1000;
const askAgainMs = 7 * 86_400_000;

/**
 * Looks at answers that upstreams have given anyhow, and asks about a kept version that is missing from a list. An alarm
 * is raised once, and again when the version had come back in between.
 */
export class UpstreamWatch implements AsyncDisposable {
  readonly #parts: UpstreamWatchParts;
  readonly #ending = new AbortController();
  readonly #waiting = new Map<string, ModuleVersion>();
  readonly #asked = new Map<string, number>();
  readonly #looking = new Set<Promise<void>>();
  #working: Promise<void> | undefined;

  constructor(parts: UpstreamWatchParts) {
    this.#parts = parts;
  }

  /** Asks about a version. Rejects as `Fetcher.info` where nobody can tell. */
  async ask(module: ModuleVersion, signal: AbortSignal): Promise<UpstreamFinding> {
    try {
      const { info } = await this.#parts.upstream.info(module, signal);
      return (await this.#isMoved(module, info)) ? "moved" : "same";
    } catch (failure) {
      if (!isAbsence(failure)) throw failure;
      await this.#raiseOnce("vanished", module, `its upstream has it no more: ${failure.message}`);
      return "vanished";
    }
  }

  /** An upstream has said something about a version. */
  told(path: ModulePath, info: VersionInfo): void {
    this.#inBackground(async () => {
      await this.#isMoved({ path, version: info.version }, info);
    });
  }

  /** An upstream has said which versions a module has. */
  listed(path: ModulePath, versions: readonly Version[]): void {
    this.#inBackground(async () => {
      await this.#forget("vanished", { path });
      const listed = new Set(versions);
      for (const version of await this.#parts.store.versions(path)) {
        // Lists lawfully lack pseudo-versions, and +incompatible ones where a later version has a go.mod.
        const isElsewhere = isPseudoVersion(version) || version.endsWith("+incompatible");
        if (!listed.has(version) && !isElsewhere) this.#askLater({ path, version });
      }
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
  async #isMoved(module: ModuleVersion, told: VersionInfo): Promise<boolean> {
    const kept = await this.#keptInfo(module);
    if (kept === undefined) return false;
    await this.#forget("vanished", module);
    const move = moveBetween(kept, told);
    if (move === undefined) return false;
    await this.#raiseOnce("moved", module, `its tag was moved: ${move}; the kept version stays`);
    return true;
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

  #askLater(module: ModuleVersion): void {
    const key = nameOf(module);
    const now = performance.now();
    if (now - (this.#asked.get(key) ?? Number.NEGATIVE_INFINITY) < askAgainMs) return;
    if (this.#waiting.size >= mostWaiting || this.#ending.signal.aborted) return;
    if (this.#asked.size >= 10 * mostWaiting) this.#asked.clear();
    this.#asked.set(key, now);
    this.#waiting.set(key, module);
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  /** One after the other: nobody waits for it. */
  async #work(): Promise<void> {
    for (const [key, module] of this.#waiting) {
      this.#waiting.delete(key);
      if (this.#ending.signal.aborted) return;
      try {
        await this.ask(module, this.#ending.signal);
      } catch (failure) {
        this.#asked.delete(key); // nobody could tell: at the next list again
        this.#parts.log.debug("nobody can tell whether a version is still there", {
          ...module,
          error: failure,
        });
      }
    }
  }

  async #raiseOnce(
    kind: "moved" | "vanished",
    subject: FailureSubject,
    sentence: string,
  ): Promise<void> {
    const { bookmarks, raise } = this.#parts;
    const name = markOf(kind, subject);
    await this.#told(async () => {
      if ((await bookmarks.read(name)) !== undefined) return;
      raise(kind, subject, sentence);
      await bookmarks.write(name, new Date().toISOString());
    });
  }

  /** What was raised does not hold any more. */
  async #forget(kind: "moved" | "vanished", subject: FailureSubject): Promise<void> {
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

/** From which commit to which; `undefined` unless both say where they are from. */
function moveBetween(kept: VersionInfo, told: VersionInfo): string | undefined {
  const [from, to] = [kept.origin?.hash, told.origin?.hash];
  if (from === undefined || to === undefined || from === to) return undefined;
  return `it was commit ${from} when it was kept, and is ${to} now`;
}

function nameOf({ path, version }: FailureSubject): string {
  return version === undefined ? path : `${path}@${version}`;
}

function markOf(kind: "moved" | "vanished", subject: FailureSubject): string {
  return `alarm ${kind} ${nameOf(subject)}`;
}

function isAbsence(failure: unknown): failure is ProxyFailure {
  return failure instanceof ProxyFailure && failure.code === "not_found";
}
