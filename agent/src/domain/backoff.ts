// How long to wait before trying again.
import type { Random } from "./clock.ts";

/** Doubles with every failure in a row, from `firstMs` to `longestMs`. */
export function backoffMs(failures: number, firstMs: number, longestMs: number): number {
  return Math.min(longestMs, firstMs * 2 ** Math.min(failures, 30));
}

/** Spreads a wait by a part of it to both sides, so that many machines do not ask in step. */
export function spread(ms: number, part: number, random: Random): number {
  return ms * (1 - part + 2 * part * random.fraction());
}
