// Long work that is done again and again, by a clock that all instances share.
import type { Log } from "@stoa/telemetry";
import type { Bookmarks } from "../domain/bookmarks.ts";

export interface ScheduleParts {
  /** What it is called in the log, and where its clock is kept. */
  readonly name: string;
  /** Does it once, and resolves to what is said of it. Rejects with `AlreadyAtWork` if somebody else is at it. */
  readonly work: (signal: AbortSignal) => Promise<object>;
  readonly bookmarks: Bookmarks;
  /** From the end of one run to the beginning of the next. */
  readonly everyMs: number;
  readonly log: Log;
}

/** Another process of the fleet does the same work. */
export class AlreadyAtWork extends Error {}

/** When it is looked again after another instance was at work, or after a failure. */
const restMs = 60_000;

/** Begins with what is due when it is made: a run that was broken off goes on. */
export class WorkSchedule implements AsyncDisposable {
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
      await this.#run();
      this.#lookIn(everyMs);
    } catch (failure) {
      if (this.#ending.signal.aborted) return;
      if (!(failure instanceof AlreadyAtWork)) {
        const { name } = this.#parts;
        log.warn(`the ${name} was broken off, and is gone on with later`, { error: failure });
      }
      this.#lookIn(Math.min(restMs, everyMs));
    }
  }

  async #dueMs(): Promise<number> {
    const ended = await this.#parts.bookmarks.read(`${this.#parts.name} ended`);
    return ended === undefined ? 0 : Date.parse(ended) + this.#parts.everyMs;
  }

  async #run(): Promise<void> {
    const { name, work, bookmarks, log } = this.#parts;
    const summary = await work(this.#ending.signal);
    await bookmarks.write(`${name} ended`, new Date().toISOString());
    log.info(`${name} ended`, { ...summary });
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
