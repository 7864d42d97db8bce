// Waiting for what comes about by itself: by asking again, a bounded number of times.
import { setTimeout } from "node:timers/promises";

const tries = 1_200;
const pauseMs = 50;

/**
 * Asks `probe` until it gives something other than `undefined` or `false`, and gives that. Throws, naming `what` it
 * waited for, when it has asked 1,200 times (a minute and more).
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  for (let tried = 0; tried < tries; tried++) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    await setTimeout(pauseMs);
  }
  throw new Error(`waited in vain for: ${what}`);
}
