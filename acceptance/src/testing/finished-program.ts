// A program that is run to its end.
import { type ChildProcess, spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { own } from "./owned-processes.ts";

/** What a program left behind. */
export interface FinishedProgram {
  /** `null` if a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A program that is still running then is ended, and the promise rejected. */
  readonly limitMs?: number;
}

/** Runs a program without input and waits for its end. Rejects if it cannot be started or does not end in time. */
export async function finishedProgram(
  command: string,
  args: readonly string[],
  { cwd, env, limitMs = 300_000 }: ProgramOptions,
): Promise<FinishedProgram> {
  const child = own(spawn(command, args, { cwd, env, stdio: ["ignore", "pipe", "pipe"] }));
  const limit = setTimeout(() => child.kill("SIGKILL"), limitMs);
  try {
    const [code, stdout, stderr] = await Promise.all([
      exitCode(child),
      text(child.stdout),
      text(child.stderr),
    ]);
    if (child.signalCode === "SIGKILL") {
      throw new Error(`${command} ${args.join(" ")} did not end in time:\n${stdout}${stderr}`);
    }
    return { code, stdout, stderr };
  } finally {
    clearTimeout(limit);
  }
}

function exitCode(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
}
