// Who may repair a version's folder: one at a time, over all processes on the storage.
import { createHash } from "node:crypto";
import { readFile, rename, stat, unlink, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ModuleVersion } from "@stoa/gomod";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import type { IncomingFolder } from "./incoming-folder.ts";
import type { ProcessMark } from "./process-mark.ts";
import { hasCode, type StorageRoot } from "./storage-root.ts";

/** Repairing is a handful of renames. A holder on another machine that takes this long has died. */
const strangersLimitMs = 5 * 60 * 1000;
const patienceMs = 30 * 1000;
const askAgainMs = 20;

/**
 * A lock is a file in `.stoa/mending` that tells its holder. Creating a file is atomic, so one holder is sure; a dead
 * holder's lock must be taken over, by one successor. Who may do that is decided by a second lock that is named after
 * the dead holder: whoever has it looks again, and as long as the dead one's file is still there nobody else can touch
 * it.
 */
export class MendLock {
  readonly #root: StorageRoot;
  readonly #incoming: IncomingFolder;
  readonly #mark: ProcessMark;

  constructor(root: StorageRoot, incoming: IncomingFolder, mark: ProcessMark) {
    this.#root = root;
    this.#incoming = incoming;
    this.#mark = mark;
  }

  /** Waits for the lock of a version. It is given back by disposing of it. */
  hold(module: ModuleVersion): Promise<AsyncDisposable> {
    const name = createHash("sha256").update(`${module.path}@${module.version}`).digest("hex");
    return this.#hold(name.slice(0, 32), performance.now() + patienceMs);
  }

  async #hold(name: string, deadlineMs: number): Promise<AsyncDisposable> {
    const path = join(this.#root.mending, name);
    // Unique, and it tells whose it is.
    const token = basename(this.#incoming.newPath());
    while (!(await createLock(path, token))) {
      const holder = await readLock(path);
      if (holder === undefined) continue;
      if (await this.#mark.isOfTheDead(markOf(holder.token), holder.ageMs, strangersLimitMs)) {
        if (await this.#takeOver(path, token, holder.token, deadlineMs)) break;
      } else if (performance.now() > deadlineMs) {
        throw stillHeld(path);
      } else {
        await sleep(askAgainMs);
      }
    }
    return { [Symbol.asyncDispose]: () => release(path, token) };
  }

  /** Replaces a dead holder's lock by ours, unless somebody else has done so. */
  async #takeOver(
    path: string,
    token: string,
    deadToken: string,
    deadlineMs: number,
  ): Promise<boolean> {
    const name = `${basename(path)}.${deadToken.split("+")[1] ?? ""}`;
    await using _only = await this.#hold(name, deadlineMs);
    if ((await readLock(path))?.token !== deadToken) return false;
    const ours = this.#incoming.newPath();
    await writeFile(ours, token, { flag: "wx" });
    await rename(ours, path);
    return true;
  }
}

/** Says whether the lock was free. */
async function createLock(path: string, token: string): Promise<boolean> {
  try {
    await writeFile(path, token, { flag: "wx" });
    return true;
  } catch (failure) {
    if (hasCode(failure, "EEXIST")) return false;
    // A full disk creates the file and cannot fill it.
    if (hasCode(failure, "ENOSPC", "EDQUOT", "EIO")) await unlink(path).catch(() => undefined);
    throw failure;
  }
}

/** The holder, "" while it has not yet written who it is; absent if the lock is free. */
async function readLock(path: string): Promise<{ token: string; ageMs: number } | undefined> {
  try {
    const [token, { mtimeMs }] = await Promise.all([readFile(path, "utf8"), stat(path)]);
    return { token, ageMs: Date.now() - mtimeMs };
  } catch (failure) {
    if (hasCode(failure, "ENOENT")) return undefined;
    throw failure;
  }
}

function markOf(token: string): string {
  return token.split("+")[0] ?? "";
}

async function release(path: string, token: string): Promise<void> {
  // Another machine may have given this process up for dead.
  if ((await readLock(path).catch(() => undefined))?.token === token) {
    await unlink(path).catch(() => undefined);
  }
}

function stillHeld(path: string): ProxyFailure {
  return new ProxyFailure(
    "store_unavailable",
    `another process has been repairing this version for ${patienceMs / 1000} seconds: ask again later, or remove ${path} if there is none`,
  );
}
