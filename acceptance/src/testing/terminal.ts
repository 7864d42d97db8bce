// A program that is run to its end on a terminal.
import { spawnSync } from "node:child_process";
import { finishedProgram, type ProgramOptions } from "./finished-program.ts";

/** Why nothing can be shown on a terminal here; `false` if it can. */
export const noTerminal =
  spawnSync("script", ["--version"]).error !== undefined && "there is no script(1)";

/** What a program left on its terminal, on which standard output and standard error are one. */
export interface ShownProgram {
  readonly code: number | null;
  /** Every character that was written, in order. */
  readonly written: string;
  /** What stood in a line until something was written over it, in order. */
  readonly passing: readonly string[];
  /** The lines as they stand in the end, without the empty ones. */
  readonly lines: readonly string[];
}

/** As `finishedProgram`, on a terminal that knows colours. */
export async function shownProgram(
  command: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<ShownProgram> {
  const env = {
    ...options.env,
    // What would have Node believe that this terminal has no colours.
    ...{ NO_COLOR: undefined, NODE_DISABLE_COLORS: undefined, CI: undefined, TERM: "xterm" },
  };
  const line = [command, ...args].map(quoted).join(" ");
  const { code, stdout } = await finishedProgram("script", ["-qec", line, "/dev/null"], {
    ...options,
    env,
  });
  const lines = stdout.split("\r\n").map((one) => one.split(erase));
  return {
    code,
    written: stdout,
    passing: lines.flatMap((texts) => texts.slice(0, -1)).filter((text) => text !== ""),
    lines: lines.map((texts) => texts.at(-1) ?? "").filter((text) => text !== ""),
  };
}

/** Back to the beginning of the line, and clear it. */
const erase = "\r\u001b[K";

/** A word as a shell takes it for itself. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
