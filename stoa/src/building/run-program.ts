// Runs a program to its end and hands back what it said.
import { spawn } from "node:child_process";

/** How a program is run. */
export interface ProgramRun {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Is given every line of standard error as it comes; without it they are only collected. */
  readonly onLine?: ((line: string) => void) | undefined;
}

/** How a program ended. */
export interface ProgramEnd {
  /** 128 + the number of the signal does not occur: a signal gives null. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program without a shell. Rejects, with a sentence, only if it could not be started. */
export function runProgram(
  program: string,
  words: readonly string[],
  { cwd, env, onLine }: ProgramRun,
): Promise<ProgramEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    let rest = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine?.(line);
    });
    child.on("error", (cause: NodeJS.ErrnoException) => {
      const isMissing = cause.code === "ENOENT";
      const reason = isMissing ? "it is not installed, or not on the PATH" : cause.message;
      reject(new Error(`${program} cannot be run: ${reason}`, { cause }));
    });
    child.on("close", (code) => {
      if (rest !== "") onLine?.(rest);
      resolve({ code, stdout, stderr });
    });
  });
}
