// Lines on their way to somebody who follows them: bounded, and with a mark where some were left out.
import type { LogLine } from "./log-archive.ts";

/** A line, or that so many are missing here. */
export type FollowedItem =
  | { readonly kind: "line"; readonly line: LogLine }
  | { readonly kind: "gap"; readonly lines: number };

/** So much of text waits for one follower at most. */
const mostWaitingChars = 1 << 20;
/** What a line takes beside its text. */
const lineOverhead = 200;

/** A queue with one reader. Who reads more slowly than is written misses lines, and is told how many. */
export class FollowedLines {
  readonly #signal: AbortSignal;
  #waiting: FollowedItem[] = [];
  #chars = 0;
  #wake = (): void => undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#wake(), { once: true });
  }

  push(lines: readonly LogLine[]): void {
    for (const line of lines) {
      if (this.#chars >= mostWaitingChars) {
        this.#leaveOut();
        continue;
      }
      this.#waiting.push({ kind: "line", line });
      this.#chars += line.text.length + lineOverhead;
    }
    this.#wake();
  }

  /** In their order, until the signal. */
  async *items(): AsyncGenerator<FollowedItem> {
    while (!this.#signal.aborted) {
      const items = this.#waiting;
      this.#waiting = [];
      this.#chars = 0;
      yield* items;
      if (this.#waiting.length > 0 || this.#signal.aborted) continue;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #leaveOut(): void {
    const last = this.#waiting.at(-1);
    if (last?.kind !== "gap") this.#waiting.push({ kind: "gap", lines: 1 });
    else this.#waiting[this.#waiting.length - 1] = { kind: "gap", lines: last.lines + 1 };
  }
}
