// How far something is, in one line of a terminal.
import process from "node:process";

const leastMs = 100;

/** Writes over the same line of stderr, ten times a second at most; writes nothing where stderr is no terminal. */
export class ProgressLine {
  #shownMs = Number.NEGATIVE_INFINITY;
  #isShown = false;

  /** Whether anybody sees it. */
  get isSeen(): boolean {
    return process.stderr.isTTY;
  }

  show(text: () => string): void {
    const nowMs = performance.now();
    if (!this.isSeen || nowMs - this.#shownMs < leastMs) return;
    this.#shownMs = nowMs;
    this.#isShown = true;
    const width = process.stderr.columns || 80;
    process.stderr.write(`\r\x1b[K${text().slice(0, width - 1)}`);
  }

  /** Makes room for something else. */
  clear(): void {
    if (!this.#isShown) return;
    this.#isShown = false;
    this.#shownMs = Number.NEGATIVE_INFINITY;
    process.stderr.write("\r\x1b[K");
  }
}
