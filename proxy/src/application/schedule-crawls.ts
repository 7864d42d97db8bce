// Crawls again and again, by a clock that all instances share.
import type { Log } from "@stoa/telemetry";
import type { Bookmarks } from "../domain/bookmarks.ts";
import { AlreadyCrawling, type CrawlSummary } from "./crawl-modules.ts";

export interface ScheduleParts {
  readonly crawl: (signal: AbortSignal) => Promise<CrawlSummary>;
  readonly bookmarks: Bookmarks;
  /** From the end of one crawl to the beginning of the next. */
  readonly everyMs: number;
  readonly log: Log;
}

const endedName = "crawl ended";
/** When it is looked again after another instance was at work, or after a failure. */
const restMs = 60_000;

/** Begins with what is due when it is made: a crawl that was broken off goes on. */
export class CrawlSchedule implements AsyncDisposable {
  readonly #parts: ScheduleParts;
  readonly #ending = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void>;

  constructor(parts: ScheduleParts) {
    this.#parts = parts;
    this.#running = this.#look();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort(new Error("the server stops"));
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #look(): Promise<void> {
    const { everyMs, log } = this.#parts;
    try {
      const dueMs = await this.#dueMs();
      if (dueMs > Date.now()) return this.#lookIn(dueMs - Date.now());
      await this.#crawl();
      this.#lookIn(everyMs);
    } catch (failure) {
      if (this.#ending.signal.aborted) return;
      if (!(failure instanceof AlreadyCrawling)) {
        log.warn("the crawl was broken off, and is gone on with later", { error: failure });
      }
      this.#lookIn(Math.min(restMs, everyMs));
    }
  }

  async #dueMs(): Promise<number> {
    const ended = await this.#parts.bookmarks.read(endedName);
    return ended === undefined ? 0 : Date.parse(ended) + this.#parts.everyMs;
  }

  async #crawl(): Promise<void> {
    const { bookmarks, crawl, log } = this.#parts;
    const summary = await crawl(this.#ending.signal);
    await bookmarks.write(endedName, new Date().toISOString());
    log.info("crawl ended", { ...summary });
  }

  #lookIn(delayMs: number): void {
    if (this.#ending.signal.aborted) return;
    // Up to a tenth more, so that instances do not look at the same moment.
    const jittered = delayMs * (1 + Math.random() / 10);
    this.#timer = setTimeout(
      () => {
        this.#running = this.#look();
      },
      Math.min(jittered, 2 ** 31 - 1),
    ).unref();
  }
}
