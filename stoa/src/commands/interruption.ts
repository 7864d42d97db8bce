// SIGINT and SIGTERM for commands that run long: the first asks to stop, the second ends at once.
import process from "node:process";

/** What a shell expects of a program that SIGINT has ended. */
export const interruptedExitCode = 130;

/** Aborted by the first signal. */
export function interruption(): AbortSignal {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => stop.abort(new Error("interrupted")));
  }
  return stop.signal;
}
