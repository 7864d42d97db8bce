// The clock and the dice of this machine.
import type { Clock, Random } from "../../domain/clock.ts";

const longestTimerMs = 2 ** 31 - 1;

/** Real time. */
export const nodeClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const end = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, Math.min(ms, longestTimerMs));
      signal?.addEventListener("abort", end);
    }),
};

/** Real chance. */
export const nodeRandom: Random = { fraction: () => Math.random() };
