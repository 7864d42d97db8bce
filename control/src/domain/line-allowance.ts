// How much of what a service writes on one machine is kept: none may fill the folder, or push the others' lines out of it.
import type { LogLine } from "./log-archive.ts";

/** That much at once, and that much a second on. */
const burstBytes = 8 << 20;
const bytesPerSecond = 64 << 10;
/** What a line takes beside its text. */
const lineOverhead = 200;

/** What of a batch is kept. */
export interface Allowed {
  readonly lines: readonly LogLine[];
  /** Lines begin to be left out with this batch. */
  readonly begins: boolean;
  /** So many were left out before this batch, which is kept again; 0 if there is nothing to tell. */
  readonly missed: number;
}

/** A bucket that fills with time. Pure but for its own state. */
export class LineAllowance {
  #bytes = burstBytes;
  #atMs: number;
  #missed = 0;

  constructor(nowMs: number) {
    this.#atMs = nowMs;
  }

  /** Takes what there is room for; the rest of the batch is left out. */
  take(batch: readonly LogLine[], nowMs: number): Allowed {
    const filled = this.#bytes + ((nowMs - this.#atMs) / 1_000) * bytesPerSecond;
    this.#bytes = Math.min(burstBytes, filled);
    this.#atMs = nowMs;
    const lines: LogLine[] = [];
    for (const line of batch) {
      const size = Buffer.byteLength(line.text) + lineOverhead;
      if (size > this.#bytes) break;
      this.#bytes -= size;
      lines.push(line);
    }
    const missed = lines.length > 0 ? this.#missed : 0;
    const leftOut = batch.length - lines.length;
    const begins = leftOut > 0 && (this.#missed === 0 || missed > 0);
    this.#missed = this.#missed - missed + leftOut;
    return { lines, begins, missed };
  }
}
