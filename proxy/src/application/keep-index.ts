// Sees to it that the index knows every version that is kept.
import type { ModuleVersion } from "@stoa/gomod";
import type { Log } from "@stoa/telemetry";
import type { VersionCatalog } from "../domain/version-catalog.ts";
import type { VersionIndex } from "../domain/version-index.ts";

/** How many versions are added at a time: few enough not to be felt by requests. */
const pageSize = 200;
const retryMs = 300_000;

/**
 * Adds versions when they are kept, and looks through the whole store when it begins: for versions that another program
 * has put there, or that were kept just before a crash. What could not be added is looked for again later; no request
 * fails because of the index.
 */
export class IndexKeeper implements AsyncDisposable {
  readonly #index: VersionIndex;
  readonly #catalog: VersionCatalog;
  readonly #log: Log;
  #filling: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isEnding = false;

  constructor(parts: {
    readonly index: VersionIndex;
    readonly catalog: VersionCatalog;
    readonly log: Log;
  }) {
    this.#index = parts.index;
    this.#catalog = parts.catalog;
    this.#log = parts.log;
  }

  /** A version has been kept. */
  async kept(module: ModuleVersion): Promise<void> {
    try {
      await this.#index.add([module]);
    } catch (failure) {
      this.#later(failure);
    }
  }

  /** Adds all that is kept, in the background. */
  fill(): void {
    this.#filling ??= this.#fill().finally(() => {
      this.#filling = undefined;
    });
  }

  /** Stops filling. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    clearTimeout(this.#timer);
    await this.#filling;
  }

  async #fill(): Promise<void> {
    try {
      let token: string | undefined;
      do {
        const page = await this.#catalog.page(token, pageSize);
        if (this.#isEnding) return;
        if (page.modules.length > 0) await this.#index.add(page.modules);
        token = page.next;
      } while (token !== undefined);
    } catch (failure) {
      this.#later(failure);
    }
  }

  #later(failure: unknown): void {
    this.#log.warn("the index misses versions, and will be filled again in five minutes", {
      error: failure,
    });
    clearTimeout(this.#timer);
    if (!this.#isEnding) this.#timer = setTimeout(() => this.fill(), retryMs).unref();
  }
}
