// Works off the queue of versions that were asked for and not waited for.
import type { ModuleVersion } from "@stoa/gomod";
import type { Log } from "@stoa/telemetry";
import type { JobQueue } from "../domain/job-queue.ts";
import { ProxyFailure, type ProxyFailureCode } from "../domain/proxy-failure.ts";
import { noRequest, requestContext } from "./request-context.ts";

/** What working off needs. */
export interface BackgroundParts {
  readonly queue: JobQueue;
  /** Fetches, checks and keeps; does nothing if the version is kept already. */
  readonly keep: (module: ModuleVersion, signal: AbortSignal) => Promise<void>;
  readonly log: Log;
  /** How many versions are fetched at once. */
  readonly workers: number;
  /** The time, as people tell it: it must mean the same after a restart. */
  readonly now: () => Date;
}

/** How often a version is tried before it is given up, and how long it then rests. */
const mostAttempts = 12;
const restMs = 60_000;

/** A taken job is left alone by other processes for this long, and again each time a third of it has passed. */
const holdMs = 60_000;

/** Trying again would not help: the answer is a certain one. */
const finalCodes: ReadonlySet<ProxyFailureCode> = new Set([
  "not_found",
  "bad_request",
  "refused",
  "unsupported",
  "loop",
  "altered_module",
]);

/**
 * Accepts versions and fetches them later, each until it is kept or given up. Nothing accepted is lost when the process
 * ends: who opens the queue next goes on.
 *
 *     add → waiting → (taken) → kept, and forgotten
 *              ↑          ├─ failed → waiting, later each time
 *              └ asked ── └─ certain failure, or too many → given up for a while
 */
export class BackgroundStash implements AsyncDisposable {
  readonly #parts: BackgroundParts;
  readonly #ending = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #isPaused = false;

  constructor(parts: BackgroundParts) {
    this.#parts = parts;
  }

  /** How many versions are being fetched now. */
  get running(): number {
    return this.#running.size;
  }

  /** Offline nothing is fetched; what is accepted waits. */
  set isPaused(isPaused: boolean) {
    this.#isPaused = isPaused;
    if (!isPaused) this.wake();
  }

  /** Accepts a version; when this resolves it will not be forgotten. Rejects with `overloaded` if the queue is full. */
  async add(module: ModuleVersion): Promise<void> {
    const outcome = await this.#parts.queue.add(module, this.#parts.now());
    if (outcome === "full") {
      throw new ProxyFailure(
        "overloaded",
        "the queue of versions to be fetched in the background is full: ask again later",
        { subject: module },
      );
    }
    if (outcome === "added") this.wake();
  }

  /** Looks for work now. */
  wake(): void {
    if (this.#isPaused || this.#ending.signal.aborted) return;
    if (this.#looking !== undefined) {
      this.#lookAgain = true;
      return;
    }
    clearTimeout(this.#timer);
    // The work belongs to nobody's request, so it carries nobody's hops.
    this.#looking = requestContext.run(noRequest, () => this.#look());
  }

  /** Breaks off what runs and waits for its end. The jobs stay in the queue. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort(new Error("the server stops"));
    clearTimeout(this.#timer);
    await this.#looking;
    await Promise.allSettled(this.#running);
  }

  async #look(): Promise<void> {
    try {
      await this.#takeAll();
    } catch (failure) {
      this.#parts.log.error("the queue cannot be worked off", { error: failure });
      this.#lookIn(restMs);
    } finally {
      this.#looking = undefined;
      const again = this.#lookAgain;
      this.#lookAgain = false;
      if (again) this.wake();
    }
  }

  async #takeAll(): Promise<void> {
    const { queue, workers, now } = this.#parts;
    const free = workers - this.#running.size;
    if (free <= 0) return; // whoever ends looks again
    const time = now();
    const jobs = await queue.take(free, time, new Date(time.getTime() + holdMs));
    for (const { module, attempts } of jobs) this.#start(module, attempts);
    if (jobs.length === free) return;
    const due = await queue.nextDue();
    if (due !== undefined) this.#lookIn(Math.max(0, due.getTime() - now().getTime()));
  }

  #start(module: ModuleVersion, attempts: number): void {
    const work = this.#work(module, attempts)
      .catch((failure: unknown) => {
        this.#parts.log.error("the queue cannot be written", { ...module, error: failure });
      })
      .finally(() => {
        this.#running.delete(work);
        this.wake();
      });
    this.#running.add(work);
  }

  async #work(module: ModuleVersion, attempts: number): Promise<void> {
    const { queue, keep, log } = this.#parts;
    const holding = setInterval(() => void this.#hold(module), holdMs / 3).unref();
    try {
      await keep(module, this.#ending.signal);
      await queue.finish(module);
      log.info("version fetched in the background", { ...module });
    } catch (failure) {
      if (this.#ending.signal.aborted) return;
      await this.#failed(module, attempts + 1, failure);
    } finally {
      clearInterval(holding);
    }
  }

  /** If it fails, the job may be taken twice, which is harmless. */
  async #hold(module: ModuleVersion): Promise<void> {
    const { queue, now, log } = this.#parts;
    try {
      await queue.hold(module, new Date(now().getTime() + holdMs));
    } catch (failure) {
      log.warn("a job of the queue cannot be held", { ...module, error: failure });
    }
  }

  async #failed(module: ModuleVersion, attempts: number, failure: unknown): Promise<void> {
    const { queue, log, now } = this.#parts;
    const isFinal = failure instanceof ProxyFailure && finalCodes.has(failure.code);
    const state = isFinal || attempts >= mostAttempts ? "given_up" : "waiting";
    const delayMs = state === "given_up" ? restMs : backoffMs(attempts);
    const reason = failure instanceof Error ? failure.message : String(failure);
    const due = new Date(now().getTime() + delayMs);
    await queue.postpone(module, { state, attempts, due, reason });
    const event = state === "given_up" ? "background fetch given up" : "background fetch failed";
    log.warn(event, { ...module, attempts, due, error: failure });
  }

  #lookIn(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.wake(), Math.min(delayMs, 2 ** 31 - 1));
    this.#timer.unref();
  }
}

/** Two seconds, doubled each time up to half an hour, and up to a half more so that failures do not meet again. */
function backoffMs(attempts: number): number {
  return Math.min(1_800_000, 1000 * 2 ** attempts) * (1 + Math.random() / 2);
}
