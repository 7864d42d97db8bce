// One instance fetches a version, the others wait for what it keeps.
import { setTimeout as pause } from "node:timers/promises";
import type { ModuleVersion } from "@stoa/gomod";
import type { Leases } from "../domain/leases.ts";

/** How long to wait before looking again: at first short, so that small modules are not delayed. */
const firstPauseMs = 25;
const longestPauseMs = 1000;

/** What taking turns needs. */
export interface TurnParts {
  /** Without them this instance is alone. */
  readonly leases: Leases | undefined;
  readonly isKept: (module: ModuleVersion) => Promise<boolean>;
}

/**
 * Waits until this instance may fetch a version, or until another one has kept it: then `undefined`. It takes over from an
 * instance that died, and gives up only with the signal. Rejects with a `ProxyFailure`, or the signal's reason.
 *
 *     kept? ─ yes → undefined
 *       │ no
 *     lease free? ─ yes → kept meanwhile? ─ no → the lease
 *       │ no                      └ yes → undefined
 *     pause, and again
 */
export async function takeTurn(
  { leases, isKept }: TurnParts,
  module: ModuleVersion,
  signal: AbortSignal,
): Promise<AsyncDisposable | undefined> {
  if (leases === undefined) return (await isKept(module)) ? undefined : new AsyncDisposableStack();
  // Athens' Redis lock has this key, so that both may work side by side.
  const key = `${module.path}@${module.version}`;
  let pauseMs = firstPauseMs;
  while (!(await isKept(module))) {
    signal.throwIfAborted();
    const lease = await leases.take(key);
    if (lease !== undefined) return unlessKept(lease, await isKept(module));
    await pause(pauseMs * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
    signal.throwIfAborted();
    pauseMs = Math.min(longestPauseMs, pauseMs * 1.5);
  }
  return undefined;
}

/** Who held the lease before may have kept the version between the last look and now. */
async function unlessKept(
  lease: AsyncDisposable,
  isKept: boolean,
): Promise<AsyncDisposable | undefined> {
  if (!isKept) return lease;
  await lease[Symbol.asyncDispose]();
  return undefined;
}
