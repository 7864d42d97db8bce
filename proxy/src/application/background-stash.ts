// Works off the queue of versions that were asked for and not waited for.
import type { ModuleVersion } from "@stoa/gomod";
import type { Log } from "@stoa/telemetry";
import type { Job, JobQueue } from "../domain/job-queue.ts";
import { ProxyFailure, type ProxyFailureCode } from "../domain/proxy-failure.ts";
import { noRequest, requestContext } from "./request-context.ts";

/** What working off needs. */
export interface BackgroundParts {
  readonly queue: JobQueue;
  /** The mark of those whom this instance asks, where others work off the same queue; `undefined` if it is alone. */
  readonly upstreams: string | undefined;
  /** Whether the policy in force lets it be fetched here. */
  readonly mayFetch: (module: ModuleVersion, signal: AbortSignal) => Promise<boolean>;
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

/** How often somebody who is not alone looks: what another one has accepted, and does not work off, nobody tells. */
const lookMs = 2_000;

/** How long a job is left to others before this instance looks at it again, and how many it leaves at most. */
const leftMs = 600_000;
const mostLeft = 1000;

/** How long a job may wait that nobody takes. */
const strandedMs = 86_400_000;

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
 * ends: who opens the queue next goes on. A job is decided anew by whoever takes it: only one that asks the same upstreams as
 * the one that accepted it, and whose own policy lets it, fetches; any other leaves it to those who may.
 *
 *     add → waiting → (taken) → kept, and forgotten
 *              ↑          ├─ failed → waiting, later each time
 *              │          ├─ not for this instance → waiting, for others
 *              └ asked ── └─ certain failure, too many, or nobody may → given up for a while
 */
export class BackgroundStash implements AsyncDisposable {
  readonly #parts: BackgroundParts;
  readonly #ending = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #left = new Map<string, { readonly module: ModuleVersion; readonly untilMs: number }>();
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

  /** Another policy is in force: what was left is looked at again. While it is paused (offline) what is accepted waits. */
  policyChanged({ isPaused }: { readonly isPaused: boolean }): void {
    this.#isPaused = isPaused;
    this.#left.clear();
    if (!isPaused) this.wake();
  }

  /** Accepts a version; when this resolves it will not be forgotten. Rejects with `overloaded` if the queue is full. */
  async add(module: ModuleVersion): Promise<void> {
    const { queue, upstreams, now } = this.#parts;
    const outcome = await queue.add(module, now(), upstreams);
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

  /** Breaks off what runs and waits for its end. The jobs stay in the queue, for whoever comes next. */
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
    const { queue, workers, now, upstreams } = this.#parts;
    const free = workers - this.#running.size;
    if (free <= 0) return; // whoever ends looks again
    const time = now();
    const left = this.#leftAt(time);
    const jobs = await queue.take(free, time, new Date(time.getTime() + holdMs), left);
    for (const job of jobs) this.#start(job);
    if (jobs.length === free) return;
    const due = await queue.nextDue(left);
    const dueMs = due === undefined ? Infinity : Math.max(0, due.getTime() - now().getTime());
    const others = upstreams === undefined ? Infinity : lookMs;
    const delayMs = Math.min(dueMs, others, left.length === 0 ? Infinity : leftMs);
    if (delayMs < Infinity) this.#lookIn(delayMs);
  }

  #start(job: Job): void {
    const work = this.#work(job)
      .catch((failure: unknown) => {
        this.#parts.log.error("the queue cannot be written", { ...job.module, error: failure });
      })
      .finally(() => {
        this.#running.delete(work);
        this.wake();
      });
    this.#running.add(work);
  }

  async #work(job: Job): Promise<void> {
    const { queue, keep, log } = this.#parts;
    const { module, attempts } = job;
    const holding = setInterval(() => void this.#hold(module), holdMs / 3).unref();
    try {
      if (!(await this.#isMine(job))) return await this.#leave(job);
      await keep(module, this.#ending.signal);
      await queue.finish(module);
      log.info("version fetched in the background", { ...module });
    } catch (failure) {
      if (this.#ending.signal.aborted) return await this.#release(job);
      await this.#failed(module, attempts + 1, failure);
    } finally {
      clearInterval(holding);
    }
  }

  async #isMine({ module, upstreams }: Job): Promise<boolean> {
    if (upstreams !== undefined && upstreams !== this.#parts.upstreams) return false;
    return await this.#parts.mayFetch(module, this.#ending.signal);
  }

  /** To those who may, or for the time when the policy lets it; where nobody comes for a day, for good. */
  async #leave({ module, attempts, added }: Job): Promise<void> {
    const { queue, now, log } = this.#parts;
    const time = now();
    if (time.getTime() - added.getTime() > strandedMs) {
      const reason = "for a day no instance has come that may fetch it: ask for it again";
      const due = new Date(time.getTime() + restMs);
      await queue.postpone(module, { state: "given_up", attempts, due, reason });
      log.warn("background fetch given up", { ...module, attempts, due, reason });
      return;
    }
    const [oldest = ""] = this.#left.keys();
    if (this.#left.size >= mostLeft) this.#left.delete(oldest);
    const untilMs = time.getTime() + leftMs;
    this.#left.set(`${module.path}@${module.version}`, { module, untilMs });
    const reason =
      "it is not for the instance that has looked at it last, by its policy or its upstreams";
    await queue.postpone(module, { state: "waiting", attempts, due: time, reason });
    log.debug("a job is left to other instances", { ...module });
  }

  /** Nobody has to wait until the hold has passed. */
  async #release({ module, attempts, reason }: Job): Promise<void> {
    const { queue, now } = this.#parts;
    await queue.postpone(module, { state: "waiting", attempts, due: now(), reason });
  }

  #leftAt(time: Date): readonly ModuleVersion[] {
    for (const [key, { untilMs }] of this.#left) {
      if (untilMs <= time.getTime()) this.#left.delete(key);
    }
    return [...this.#left.values()].map(({ module }) => module);
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
