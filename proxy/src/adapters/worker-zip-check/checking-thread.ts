// A thread that checks zips, started when it is first needed and again when it has died.
import { Worker } from "node:worker_threads";
import type { ZipCheckReport, ZipCheckTask } from "./zip-check-report.ts";

/** Takes one task at a time. Keeps the process alive only while it works. */
export class CheckingThread {
  readonly #program: URL;
  #worker: Worker | undefined;
  #answer: PromiseWithResolvers<ZipCheckReport> | undefined;
  #stopped: Promise<unknown> = Promise.resolve();

  constructor(program = new URL("./zip-check-worker.ts", import.meta.url)) {
    this.#program = program;
  }

  /** Starts it, unless it runs, so that its first task need not wait for that. */
  prepare(): void {
    if (this.#worker !== undefined) return;
    this.#worker = this.#start();
    this.#worker.unref();
  }

  /** Rejects with the signal's reason as soon as it is aborted; the thread is then thrown away with its work. */
  async run(task: ZipCheckTask, signal: AbortSignal): Promise<ZipCheckReport> {
    signal.throwIfAborted();
    const answer = Promise.withResolvers<ZipCheckReport>();
    const abort = (): void => answer.reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    this.#answer = answer;
    try {
      this.#worker ??= this.#start();
      this.#worker.ref();
      this.#worker.postMessage(task);
      return await answer.promise;
    } catch (failure) {
      this.#answer = undefined;
      void this.stop();
      throw failure;
    } finally {
      signal.removeEventListener("abort", abort);
      this.#answer = undefined;
      this.#worker?.unref();
    }
  }

  /** Ends the thread, and rejects the work it is at. Resolves when it has given back what it had open. */
  async stop(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    this.#answer?.reject(new Error("the check of the zip was stopped"));
    this.#stopped = Promise.all([this.#stopped, worker?.terminate()]);
    await this.#stopped;
  }

  #start(): Worker {
    // Flags for the main program (--input-type, --test) mean nothing to a thread, or stop it.
    const worker = new Worker(this.#program, { name: "zip check", execArgv: [] });
    const died = (cause: unknown): void => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#answer?.reject(new Error("the thread that checked the zip has died", { cause }));
    };
    worker.on("message", (report: ZipCheckReport) => {
      // One that was stopped may still have had its answer on the way.
      if (this.#worker === worker) this.#answer?.resolve(report);
    });
    worker.on("error", died);
    worker.on("exit", died);
    return worker;
  }
}
