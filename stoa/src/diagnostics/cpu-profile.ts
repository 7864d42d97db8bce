// What the program spends its time on, sampled for a while.
import { Session } from "node:inspector/promises";
import { setTimeout as after } from "node:timers/promises";

/**
 * Samples for this long and returns the profile as JSON, in the form that Chrome's developer tools read (.cpuprofile).
 * Rejects with the signal's reason when it ends before.
 */
export async function cpuProfile(seconds: number, signal: AbortSignal): Promise<string> {
  const session = new Session();
  session.connect();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.start");
    await after(seconds * 1000, undefined, { signal });
    const { profile } = await session.post("Profiler.stop");
    return JSON.stringify(profile);
  } finally {
    session.disconnect();
  }
}
