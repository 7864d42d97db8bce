// One writer at a time for a name, over all processes that write into a module tree.
import { createHash } from "node:crypto";
import { open, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ProxyFailure } from "../../domain/proxy-failure.ts";

/** Under a lock some small files are written. Who takes this long has died. */
const staleMs = 60_000;
const patienceMs = 2 * staleMs;
const askAgainMs = 10;

/**
 * Waits for the lock of a name: a file in `folder`, whose creation is atomic. It is given back by disposing of it. Rejects
 * with `store_unavailable` if it cannot be had, or an error of the system.
 */
export async function treeLock(folder: string, name: string): Promise<AsyncDisposable> {
  const path = join(folder, `${createHash("sha256").update(name).digest("hex").slice(0, 32)}.lock`);
  const deadlineMs = performance.now() + patienceMs;
  while (!(await created(path))) {
    if ((await ageMs(path)) > staleMs) await unlink(path).catch(() => undefined);
    else if (performance.now() > deadlineMs) throw stillHeld(path);
    else await sleep(askAgainMs);
  }
  return {
    async [Symbol.asyncDispose]() {
      await unlink(path).catch(() => undefined);
    },
  };
}

async function created(path: string): Promise<boolean> {
  try {
    await (await open(path, "wx")).close();
    return true;
  } catch (failure) {
    if (failure instanceof Error && "code" in failure && failure.code === "EEXIST") return false;
    throw failure;
  }
}

async function ageMs(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? 0 : Date.now() - found.mtimeMs;
}

function stillHeld(path: string): ProxyFailure {
  return new ProxyFailure(
    "store_unavailable",
    `another process is writing there: try again later, or remove ${path} if there is none`,
  );
}
