// Sees to it that the index knows every version that is kept.
import type { ModuleVersion } from "@stoa/gomod";
import type { Log } from "@stoa/telemetry";
import type { FillMark } from "../domain/fill-mark.ts";
import type { VersionCatalog } from "../domain/version-catalog.ts";
import type { VersionIndex } from "../domain/version-index.ts";

/** How many versions are added at a time: few enough not to be felt by requests. */
const pageSize = 200;
const retryMs = 300_000;

/** How many versions that could not be added are remembered. */
const mostMissed = 100_000;

/**
 * Adds versions when they are kept. An index that is new is filled with what is kept already, in the background; where
 * that was interrupted, it goes on at the next start. What could not be added is tried again later; no request fails
 * because of the index.
 */
export class IndexKeeper implements AsyncDisposable {
  readonly #index: VersionIndex;
  readonly #filling: FillMark;
  readonly #catalog: VersionCatalog;
  readonly #log: Log;
  /** By name: those that could not be added. */
  readonly #missed = new Map<string, ModuleVersion>();
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isEnding = false;

  constructor(parts: {
    readonly index: VersionIndex;
    readonly filling: FillMark;
    readonly catalog: VersionCatalog;
    readonly log: Log;
  }) {
    this.#index = parts.index;
    this.#filling = parts.filling;
    this.#catalog = parts.catalog;
    this.#log = parts.log;
  }

  /** A version has been kept. Says whether the index knows it now. */
  async kept(module: ModuleVersion): Promise<boolean> {
    try {
      await this.#index.add([module]);
      return true;
    } catch (failure) {
      if (this.#missed.size < mostMissed) {
        this.#missed.set(`${module.path}@${module.version}`, module);
      }
      this.#later(failure);
      return false;
    }
  }

  /** Fills the index, in the background, unless that has been done. */
  fill(): void {
    if (this.#isEnding) return;
    this.#running ??= this.#fill().finally(() => {
      this.#running = undefined;
    });
  }

  /** Stops filling, and tries a last time to add what could not be added: nobody would know of it after the next start. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    clearTimeout(this.#timer);
    await this.#running;
    await this.#addMissed().catch((failure: unknown) => {
      this.#log.warn("the index misses versions: `stoa modules reindex` finds them", {
        error: failure,
      });
    });
  }

  async #fill(): Promise<void> {
    try {
      await this.#addMissed();
      let progress = await this.#filling.read();
      while (!progress.isDone && !this.#isEnding) {
        const { modules, next } = await this.#catalog.page(progress.next, pageSize);
        if (modules.length > 0) await this.#index.add(modules);
        await this.#filling.move(next);
        progress = { isDone: next === undefined, next };
      }
    } catch (failure) {
      this.#later(failure);
    }
  }

  async #addMissed(): Promise<void> {
    const missed = [...this.#missed];
    if (missed.length === 0) return;
    await this.#index.add(missed.map(([, module]) => module));
    for (const [name] of missed) this.#missed.delete(name);
  }

  #later(failure: unknown): void {
    this.#log.warn("the index misses versions, and will be filled again in five minutes", {
      error: failure,
    });
    clearTimeout(this.#timer);
    if (!this.#isEnding) this.#timer = setTimeout(() => this.fill(), retryMs).unref();
  }
}
