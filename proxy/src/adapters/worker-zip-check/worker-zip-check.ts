// The check of module zips, in threads of its own.
import { availableParallelism } from "node:os";
import type { ModuleVersion } from "@stoa/gomod";
import type { BytesPlace } from "../../domain/module-store.ts";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import type { CheckedZip, ZipCheck, ZipDigests } from "../../domain/zip-check.ts";
import { CheckingThread } from "./checking-thread.ts";
import type { ZipCheckReport, ZipCheckTask } from "./zip-check-report.ts";

/** One core stays free for answering. */
const defaultThreads = Math.min(2, Math.max(1, availableParallelism() - 1));

/** Reads as many zips at once as it has threads; the others wait in order. Whoever calls bounds how many those are. */
export class WorkerZipCheck implements ZipCheck, ZipDigests {
  readonly #threads: readonly CheckingThread[];
  readonly #free: CheckingThread[];
  readonly #waiting = new Set<PromiseWithResolvers<CheckingThread>>();
  readonly #closed = new AbortController();

  constructor(options: { readonly threads?: number } = {}) {
    const count = options.threads ?? defaultThreads;
    this.#threads = Array.from({ length: count }, () => new CheckingThread());
    this.#free = [...this.#threads];
  }

  /** Starts the thread that would be taken next. */
  prepare(): void {
    if (!this.#closed.signal.aborted) this.#free.at(-1)?.prepare();
  }

  async check(module: ModuleVersion, place: BytesPlace, signal: AbortSignal): Promise<CheckedZip> {
    const report = await this.#run(taskOf("check", module, place), signal);
    if (report.outcome === "sound") return report.checked;
    throw failureOf(module, report);
  }

  async digest(module: ModuleVersion, place: BytesPlace, signal: AbortSignal): Promise<string> {
    const report = await this.#run(taskOf("digest", module, place), signal);
    if (report.outcome === "digested") return report.digest;
    throw failureOf(module, report);
  }

  /** Ends the threads. Checks that run, wait or come later are rejected. */
  async close(): Promise<void> {
    this.#closed.abort(new Error("the check of zips has been closed"));
    await Promise.all(this.#threads.map((thread) => thread.stop()));
  }

  async #run(task: ZipCheckTask, signal: AbortSignal): Promise<ZipCheckReport> {
    const either = AbortSignal.any([signal, this.#closed.signal]);
    const thread = await this.#takeThread(either);
    try {
      return await thread.run(task, either);
    } finally {
      this.#giveBack(thread);
    }
  }

  async #takeThread(signal: AbortSignal): Promise<CheckingThread> {
    signal.throwIfAborted();
    const free = this.#free.pop();
    if (free !== undefined) return free;

    const waiter = Promise.withResolvers<CheckingThread>();
    // It leaves the queue at once, or a thread could be handed to someone who has gone.
    const abort = (): void => {
      this.#waiting.delete(waiter);
      waiter.reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    this.#waiting.add(waiter);
    try {
      return await waiter.promise;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  #giveBack(thread: CheckingThread): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free.push(thread);
      return;
    }
    this.#waiting.delete(next);
    next.resolve(thread);
  }
}

function taskOf(
  kind: ZipCheckTask["kind"],
  { path, version }: ModuleVersion,
  place: BytesPlace,
): ZipCheckTask {
  const zip = place.kind === "file" ? { path: place.path } : { bytes: place.bytes() };
  return { kind, module: { path, version }, zip };
}

function failureOf(subject: ModuleVersion, report: ZipCheckReport): Error {
  switch (report.outcome) {
    case "unsound":
      return new ProxyFailure(
        "invalid_module",
        `its zip is no sound module zip: ${report.sentence}`,
        { subject },
      );
    case "unreadable":
      return new ProxyFailure(
        "store_unavailable",
        `the zip could not be read again after it was written (${report.code}): look at the disk and the system's log`,
        { subject },
      );
    case "mistaken":
      return new Error("the check of the zip failed", { cause: report.failure });
    default:
      return new Error(`the check of the zip did something else: it was ${report.outcome}`);
  }
}
