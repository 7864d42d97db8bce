// A server as a child process: started on one core or on all, its output in a file, and ended by its process id.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, truncateSync } from "node:fs";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";

/** The core that servers have to themselves when rates are compared. */
export const serverCore = 0;

/** How to start a server. */
export interface ServerStart {
  /** The program and its arguments. */
  readonly command: readonly [string, ...string[]];
  readonly env: NodeJS.ProcessEnv;
  /** Where its output goes: appended to, so that it can be cut short while the server runs. */
  readonly outputFile: string;
  /** The one core it may use; all of them without. */
  readonly core?: number | undefined;
  readonly signal: AbortSignal;
}

/** How long a server may take to be ready, and to end when it is told to. */
const patienceMs = 30_000;

/** A running child process that serves. */
export class ServerProcess implements AsyncDisposable {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #outputFile: string;

  constructor(child: ChildProcess, pid: number, outputFile: string) {
    this.#child = child;
    this.pid = pid;
    this.#outputFile = outputFile;
  }

  /** What it has written so far, since it was last cut. */
  get output(): string {
    return readFileSync(this.#outputFile, "utf8");
  }

  /** Forgets what it has written, so that a log under load does not fill the disk. */
  cutOutput(): void {
    truncateSync(this.#outputFile);
  }

  /** Asks again and again until `look` finds what it looks for. Throws if the server ends or takes too long. */
  async until<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
    const deadline = performance.now() + patienceMs;
    while (this.#child.exitCode === null && this.#child.signalCode === null) {
      const found = await look();
      if (found !== undefined) return found;
      if (performance.now() > deadline) break;
      await pause(5);
    }
    const last = this.output.trim().split("\n").slice(-5).join("\n");
    throw new Error(`the server was not ready; it said:\n${last}`);
  }

  /** Tells it to end and waits until it has; kills it when that takes too long. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGTERM");
    const kill = setTimeout(() => this.#child.kill("SIGKILL"), patienceMs);
    await ended;
    clearTimeout(kill);
  }
}

/** Starts a server. It is not ready yet when this resolves. */
export async function startServer(start: ServerStart): Promise<ServerProcess> {
  const { command, env, outputFile, core, signal } = start;
  const pinned = core === undefined ? command : ["taskset", "-c", String(core), ...command];
  const [program, ...words] = pinned as [string, ...string[]];
  const output = openSync(outputFile, "a");
  try {
    const child = spawn(program, words, { env, signal, stdio: ["ignore", output, output] });
    child.on("error", () => undefined); // an abort; a failed spawn is thrown by the next line
    await once(child, "spawn");
    if (child.pid === undefined) throw new Error(`${program} has no process id`);
    return new ServerProcess(child, child.pid, outputFile);
  } finally {
    closeSync(output);
  }
}

/** Our environment without anything that would configure the programs that are compared. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^(ATHENS_|STOA_|PORT$|GO[A-Z0-9]*$|CGO_|NODE_OPTIONS$|NODE_COMPILE_CACHE$|npm_)/.test(name),
  );
  return Object.fromEntries(kept);
}
