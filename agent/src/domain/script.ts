// What running the scripts of a bundle needs of the operating system.
import type { Exit } from "./launch.ts";

/** One script to be run. */
export interface ScriptOrder {
  readonly command: readonly [program: string, ...args: string[]];
  readonly directory: string;
  /** Added to the agent's own. */
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** How long after SIGTERM its process group is killed; undefined leaves it alone. */
  readonly killAfterMs: number | undefined;
  /** Whether whoever else holds its output open is waited for as well, until the time is over. */
  readonly waitsForOutputs: boolean;
  /** Is told every line that it writes. */
  readonly wrote: (stream: "stdout" | "stderr", line: string) => void;
}

/** How a script came to its end. */
export type ScriptEnd =
  | { readonly kind: "ended"; readonly exit: Exit }
  | { readonly kind: "timed-out" }
  | { readonly kind: "outputs-left-open" }
  | { readonly kind: "not-started"; readonly sentence: string };

/** Scripts. */
export interface Scripts {
  /** Runs a script in a process group of its own, and waits for its end. Processes that it leaves behind live on. */
  run(order: ScriptOrder): Promise<ScriptEnd>;
}
