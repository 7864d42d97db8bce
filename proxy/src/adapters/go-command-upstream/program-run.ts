// One run of a program: with a deadline, with a bound on what it says, and with nothing of it left behind.
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import type { Readable } from "node:stream";

/** A program to be run. Its arguments are checked by whoever makes the call. */
export interface ProgramCall {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly limitMs: number;
}

/** What a program that has ended by itself left behind. */
export interface ProgramEnd {
  /** -1 if a signal from elsewhere ended it. */
  readonly exitCode: number;
  readonly stdout: string;
  /** The end of it, if it was long. */
  readonly stderr: string;
}

/**
 * - `missing`: there is no such program, or it may not be run.
 * - `slow`: it was ended at its deadline.
 * - `talkative`: it was ended because it had more to say than anybody could want.
 */
export type ProgramFailureKind = "missing" | "slow" | "talkative";

/** A program that did not come to an end of its own. */
export class ProgramFailure extends Error {
  readonly kind: ProgramFailureKind;

  constructor(kind: ProgramFailureKind, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = "ProgramFailure";
    this.kind = kind;
  }
}

const mostOutputBytes = 32 * 2 ** 20;
const keptErrorBytes = 64 * 2 ** 10;
/** How long programs may take to clean up: Mercurial and git leave locks behind if they are killed at once. */
const graceMs = 3000;

/**
 * Runs a program without input. Settles when it and everything that it has started are gone. Rejects with a
 * `ProgramFailure`, or with the signal's reason.
 */
export async function runProgram(call: ProgramCall, signal: AbortSignal): Promise<ProgramEnd> {
  signal.throwIfAborted();
  const group = new ProcessGroup(call);
  const abort = (): void => group.stop(signal.reason);
  const limit = setTimeout(
    () => group.stop(new ProgramFailure("slow", `it took longer than ${call.limitMs / 1000} s`)),
    call.limitMs,
  );
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await group.end;
  } finally {
    clearTimeout(limit);
    signal.removeEventListener("abort", abort);
  }
}

/** A program and all that it starts: they share a process group, and end together. */
class ProcessGroup {
  readonly end: Promise<ProgramEnd>;
  readonly #child: ChildProcess;
  #reason: { readonly failure: unknown } | undefined;
  #kill: NodeJS.Timeout | undefined;

  constructor({ command, args, cwd, env }: ProgramCall) {
    const child = spawn(command, args, {
      cwd,
      env,
      detached: process.platform !== "win32",
      windowsHide: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child = child;
    this.end = this.#ending(child.stdout, child.stderr);
  }

  /** Asks all of them to end, and ends them a little later. */
  stop(failure: unknown): void {
    if (this.#reason !== undefined) return;
    this.#reason = { failure };
    this.#send("SIGTERM");
    this.#kill = setTimeout(() => this.#send("SIGKILL"), graceMs);
  }

  async #ending(stdout: Readable, stderr: Readable): Promise<ProgramEnd> {
    const said = { stdout: "", stderr: "" };
    stdout.setEncoding("utf8").on("data", (text: string) => {
      said.stdout += text;
      if (said.stdout.length <= mostOutputBytes) return;
      this.stop(new ProgramFailure("talkative", "it says too much"));
      said.stdout = "";
    });
    stderr.setEncoding("utf8").on("data", (text: string) => {
      said.stderr = (said.stderr + text).slice(-keptErrorBytes);
    });
    try {
      const exitCode = await this.#exit();
      if (this.#reason !== undefined) throw this.#reason.failure;
      return { exitCode, ...said };
    } finally {
      clearTimeout(this.#kill);
    }
  }

  #exit(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#child.once("error", (cause) =>
        reject(new ProgramFailure("missing", cause.message, cause)),
      );
      // What is left of the group holds the outputs open, and would outlive us: its first process has ended.
      this.#child.once("exit", () => this.#send("SIGKILL"));
      this.#child.once("close", (code) => resolve(code ?? -1));
    });
  }

  #send(name: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      if (process.platform === "win32") this.#child.kill(name);
      else process.kill(-pid, name);
    } catch {
      // Nothing is left of it.
    }
  }
}
