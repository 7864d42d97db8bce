// Standard output and standard error, whose reader may leave, or which may be a file on a full disk.
import process from "node:process";

/** What a shell expects of a program that SIGPIPE has ended. */
const brokenPipeExitCode = 141;

/**
 * From now on the process ends where what it prints is lost: without a word if the reader has left (`| head`), else with a
 * sentence. A lost complaint ends nothing.
 */
export function endWhenUnread(): void {
  process.stdout.on("error", (failure: NodeJS.ErrnoException) => {
    if (failure.code === "EPIPE") process.exit(brokenPipeExitCode);
    process.stderr.write(`stoa: standard output cannot be written to: ${failure.message}\n`);
    process.exit(1);
  });
  process.stderr.on("error", () => undefined);
}
