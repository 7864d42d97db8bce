// Runs the git program: with deadlines, with a bound on what it says, and with nothing of it left behind.
import { type ChildProcess, spawn } from "node:child_process";
import { Socket } from "node:net";
import process from "node:process";
import type { Readable, Writable } from "node:stream";

/** How long git may take. */
export interface GitDeadlines {
  /** Without a byte on either output. */
  readonly silenceMs: number;
  readonly totalMs: number;
}

/** One command. No argument comes from outside, but behind `--end-of-options`, or as a hash. */
export interface GitCall {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What git reads; without it, nothing. */
  readonly input?: string | Uint8Array | undefined;
  /** None for a process that is asked again and again. */
  readonly deadlines?: GitDeadlines;
  /** Is told what git says on its error output. What it throws stops git and is what the call fails with. */
  readonly onProgress?: (text: string) => void;
}

/**
 * - `missing`: there is no git program.
 * - `ended`: git ended with a complaint.
 * - `silent`, `slow`: git was stopped at a deadline.
 * - `talkative`: git was stopped because it had more to say than anybody could want.
 */
export type GitFailureKind = "missing" | "ended" | "silent" | "slow" | "talkative";

/** A git command that did not do what it should. */
export class GitFailure extends Error {
  readonly kind: GitFailureKind;
  /** The end of what git said on its error output. */
  readonly complaint: string;
  readonly exitCode: number | undefined;

  constructor(
    kind: GitFailureKind,
    options: { readonly complaint?: string; readonly exitCode?: number; readonly cause?: unknown },
  ) {
    super(`git: ${kind}: ${options.complaint ?? ""}`, { cause: options.cause });
    this.name = "GitFailure";
    this.kind = kind;
    this.complaint = options.complaint ?? "";
    this.exitCode = options.exitCode;
  }
}

/** How much of the error output is kept. */
const complaintLength = 16 * 1024;
/** How much of the output `run` collects at most. */
const mostOutputBytes = 256 * 2 ** 20;
/** How often it is looked whether git has said something, for each silence that it may keep. */
const checksPerSilence = 4;
/** How long a process may take to end by itself when it is asked to. */
const graceMs = 3000;

/** The git program. */
export class Git {
  readonly #command: string;

  constructor(command: string) {
    this.#command = command;
  }

  /** Runs a command to its end and gives its output. Rejects with a `GitFailure`, or with the signal's reason. */
  async run(call: GitCall, signal: AbortSignal): Promise<Buffer> {
    const running = this.start(call, signal);
    const chunks: Buffer[] = [];
    let length = 0;
    running.stdout.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > mostOutputBytes) running.stop(new GitFailure("talkative", {}));
    });
    await running.ended;
    return Buffer.concat(chunks);
  }

  /** Starts a command. Its output must be read, or it comes to a standstill. */
  start(call: GitCall, signal: AbortSignal): RunningGit {
    return new RunningGit(this.#command, call, signal);
  }
}

/** A git command that runs, and the processes that it has started. */
export class RunningGit {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Resolves when git has ended well. Rejects with a `GitFailure`, the signal's reason, or what `stop` was given. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  readonly #onProgress: ((text: string) => void) | undefined;
  #complaint = "";
  #complaintBytes = 0;
  #reason: { readonly failure: unknown } | undefined;

  constructor(command: string, call: GitCall, signal: AbortSignal) {
    // A group of its own, so that the helpers that git starts end with it.
    const child = spawn(command, call.args, {
      env: call.env,
      detached: process.platform !== "win32",
      windowsHide: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child = child;
    this.#onProgress = call.onProgress;
    this.stdin = child.stdin;
    this.stdout = child.stdout;
    child.stdin.on("error", () => undefined); // git need not read all; how it ends tells whether that matters
    child.stderr.setEncoding("utf8").on("data", (text: string) => this.#hear(text));
    this.ended = this.#end(call.deadlines, signal);
    this.ended.catch(() => undefined); // whoever waits for it has a handler of their own
    if (call.deadlines !== undefined) child.stdin.end(call.input ?? "");
  }

  /** Ends git and everything that it has started. */
  stop(failure: unknown): void {
    if (this.#reason !== undefined) return;
    this.#reason = { failure };
    this.#kill("SIGTERM");
    this.stdout.resume();
    setTimeout(() => this.#kill("SIGKILL"), graceMs).unref();
  }

  #hear(text: string): void {
    this.#complaintBytes += text.length;
    this.#complaint = (this.#complaint + text).slice(-complaintLength);
    try {
      this.#onProgress?.(text);
    } catch (failure) {
      this.stop(failure);
    }
  }

  async #end(deadlines: GitDeadlines | undefined, signal: AbortSignal): Promise<void> {
    const abort = (): void => this.stop(signal.reason);
    const watch = deadlines && this.#watch(deadlines);
    signal.addEventListener("abort", abort, { once: true });
    if (signal.aborted) abort();
    try {
      const exitCode = await this.#exitCode();
      if (this.#reason !== undefined) throw this.#reason.failure;
      if (exitCode !== 0) throw new GitFailure("ended", { complaint: this.#complaint, exitCode });
    } finally {
      watch?.[Symbol.dispose]();
      signal.removeEventListener("abort", abort);
    }
  }

  #exitCode(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#child.once("error", (cause: NodeJS.ErrnoException) => {
        const isMissing = cause.code === "ENOENT" || cause.code === "EACCES";
        reject(
          new GitFailure(isMissing ? "missing" : "ended", { complaint: cause.message, cause }),
        );
      });
      this.#child.once("close", (code) => resolve(code ?? -1));
    });
  }

  #watch({ silenceMs, totalMs }: GitDeadlines): Disposable {
    const stop = (kind: GitFailureKind): void =>
      this.stop(new GitFailure(kind, { complaint: this.#complaint }));
    const total = setTimeout(() => stop("slow"), totalMs);
    let heard = -1;
    let quietChecks = 0;
    const silence = setInterval(() => {
      quietChecks = heard === this.#heardBytes ? quietChecks + 1 : 0;
      heard = this.#heardBytes;
      if (quietChecks >= checksPerSilence) stop("silent");
    }, silenceMs / checksPerSilence);
    return {
      [Symbol.dispose]: () => {
        clearTimeout(total);
        clearInterval(silence);
      },
    };
  }

  /** Counted by the socket, for whoever listens to a stream also makes it flow. */
  get #heardBytes(): number {
    const { stdout } = this.#child;
    return this.#complaintBytes + (stdout instanceof Socket ? stdout.bytesRead : 0);
  }

  #kill(name: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) {
      return;
    }
    try {
      if (process.platform === "win32") this.#child.kill(name);
      else process.kill(-pid, name);
    } catch {
      this.#child.kill(name); // it has just ended, or is not yet a group of its own
    }
  }
}
