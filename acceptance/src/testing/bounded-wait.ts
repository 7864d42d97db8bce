// Waiting for what comes about by itself: by looking again, for a bounded time.
import { setTimeout } from "node:timers/promises";

/** Far longer than anything takes, also where other things keep the machine busy. */
const patienceMs = 120_000;
const pauseMs = 50;

/**
 * Asks `probe` until it gives something other than `undefined` or `false`, and gives that. Throws, naming `what` it
 * waited for, when it has asked for two minutes.
 */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  for (const end = performance.now() + patienceMs; ; ) {
    const found = await probe();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`waited in vain for: ${what}`);
    await setTimeout(pauseMs);
  }
}

/**
 * Repeats `assertion` until it fails no more, and gives what that gives. Throws its last failure when it has failed for
 * two minutes: for what is told in its own time, such as logs, whatever is asserted of it is waited for.
 */
export async function holds<T>(assertion: () => Promise<T> | T): Promise<T> {
  for (const end = performance.now() + patienceMs; ; ) {
    try {
      return await assertion();
    } catch (failure) {
      if (performance.now() > end) throw failure;
    }
    await setTimeout(pauseMs);
  }
}
