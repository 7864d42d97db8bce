// Processes that must not outlive the test that started them, not even when the test itself is ended from outside.
import type { ChildProcess } from "node:child_process";
import process from "node:process";

const owned = new Set<() => void>();
let isWatching = false;

/**
 * Lets a process end with this one. With `group` all processes of its process group end; it must then have been started
 * with `detached`.
 */
export function own<T extends ChildProcess>(child: T, { group = false } = {}): T {
  watchOwnEnd();
  const end = (): void => endNow(child, group);
  owned.add(end);
  if (!group) child.once("exit", () => owned.delete(end));
  return child;
}

/** Ends a process at once or, with `group`, what is left of its process group. */
export function endNow(child: ChildProcess, group: boolean): void {
  // It was never started; number 0 would be this process's own group.
  if (child.pid === undefined) return;
  try {
    if (group) process.kill(-child.pid, "SIGKILL");
    else child.kill("SIGKILL");
  } catch {
    // Nothing was left of it.
  }
}

function watchOwnEnd(): void {
  if (isWatching) return;
  isWatching = true;
  process.once("exit", endAll);
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    process.once(signal, () => {
      endAll();
      process.exit(1);
    });
  }
}

function endAll(): void {
  for (const end of owned) end();
}
