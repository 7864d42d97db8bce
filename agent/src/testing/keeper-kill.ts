// Kills the keeper that an agent has started with keeper-process.ts.
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { until } from "./ask.ts";

/** By its own process id, which is looked up by the folder that only this keeper has. */
export async function killKeeper(root: string): Promise<void> {
  const isKeeper = (pid: string): boolean => {
    const words = commandOf(pid);
    return words.at(-1) === root && words.some((word) => word.endsWith("keeper-process.ts"));
  };
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && isKeeper(name));
  for (const pid of pids) endNow(Number(pid));
  await until(() => !pids.some(isKeeper));
}

function endNow(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (failure) {
    // It has ended meanwhile.
    if ((failure as NodeJS.ErrnoException).code !== "ESRCH") throw failure;
  }
}

function commandOf(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8")
      .split("\0")
      .filter((word) => word !== "");
  } catch {
    return [];
  }
}
