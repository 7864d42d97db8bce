// What it takes to write so that a power cut loses nothing that was said to be kept.
import { link, mkdir, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { OpenFile } from "./open-file.ts";
import { exists, hasCode } from "./storage-root.ts";

/**
 * How many syncs may run at once. Each holds one of Node's four file threads for as long as the disk takes; the others
 * stay free for readers.
 */
const syncsAtOnce = 2;

/** How many folders are remembered as durable before all are forgotten. */
const rememberedFolders = 10_000;

/** Answers of file systems that know no hard links. */
const noHardLinks = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"] as const;

/** Writes files and names, and waits until they are on the disk. */
export class DurableDisk {
  readonly #waiting: (() => void)[] = [];
  #syncing = 0;
  /** Folders whose own name is known to be on the disk. */
  readonly #durableFolders = new Set<string>();

  /** Creates a file that must not exist. Its bytes are durable when this resolves, its name is not: see `syncFolder`. */
  async write(path: string, bytes: Uint8Array): Promise<void> {
    const file = await OpenFile.open(path, "wx+");
    try {
      await file.write(0, bytes);
      await this.sync(file);
    } finally {
      await file.close();
    }
  }

  async sync(file: { sync(): Promise<void> }): Promise<void> {
    if (this.#syncing >= syncsAtOnce) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#syncing += 1;
    }
    try {
      await file.sync();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#syncing -= 1;
      else next();
    }
  }

  /** Makes the names in several folders durable. */
  async syncAll(paths: readonly string[]): Promise<void> {
    await whenAllEnded(paths.map((path) => this.syncFolder(path)));
  }

  /** Makes the names in a folder durable. */
  async syncFolder(path: string): Promise<void> {
    const folder = await OpenFile.open(path, "r").catch((failure: unknown) => {
      // Windows opens no folders; its file systems log the change of a name by themselves.
      if (hasCode(failure, "EISDIR", "EPERM")) return undefined;
      throw failure;
    });
    if (folder === undefined) return;
    try {
      await this.sync(folder);
    } catch (failure) {
      if (!hasCode(failure, "EINVAL", "EPERM")) throw failure; // a file system that syncs no folders
    } finally {
      await folder.close();
    }
  }

  /**
   * Makes a folder and those above it, up to `base`, which must exist: a vanished one is not made anew. Returns those
   * whose names need not be on the disk yet, for `settle`.
   */
  async makeFolders(base: string, path: string): Promise<readonly string[]> {
    await makeMissingFolders(base, path, (folder) => this.#durableFolders.delete(folder));
    const unsure: string[] = [];
    // Even a folder that was there may be another process's, made a moment ago and not yet durable.
    for (let folder = path; folder !== base; folder = dirname(folder)) {
      if (this.#durableFolders.has(folder)) break;
      unsure.push(folder);
    }
    return unsure;
  }

  /** Makes the names in `paths` durable, and those of folders that `makeFolders` has named. */
  async settle(unsure: readonly string[], paths: readonly string[]): Promise<void> {
    await this.syncAll([...paths, ...unsure.map((folder) => dirname(folder))]);
    if (this.#durableFolders.size >= rememberedFolders) this.#durableFolders.clear();
    for (const folder of unsure) this.#durableFolders.add(folder);
  }

  /** Gives a file the name `to` unless that is taken; says whether it was free. `from` may or may not remain. */
  async claimName(from: string, to: string): Promise<boolean> {
    try {
      await link(from, to);
      return true;
    } catch (failure) {
      if (hasCode(failure, "EEXIST")) return false;
      if (!hasCode(failure, ...noHardLinks)) throw failure;
    }
    // Without hard links two writers can pass this check at once; the later one then replaces the earlier.
    if (await exists(to)) return false;
    await rename(from, to);
    return true;
  }
}

/** Waits for all, and only then fails if one of them did: nothing is still at work behind the caller's back. */
export async function whenAllEnded(
  works: readonly (Promise<unknown> | undefined)[],
): Promise<void> {
  for (const outcome of await Promise.allSettled(works)) {
    if (outcome.status === "rejected") throw outcome.reason;
  }
}

/** Makes a folder and those above it, up to `base`, which must exist; tells of those that are new. */
export async function makeMissingFolders(
  base: string,
  path: string,
  onMade?: (folder: string) => void,
): Promise<void> {
  if (path === base) return;
  const above = dirname(path);
  const isNew = await makeFolder(path).catch(async (failure: unknown) => {
    if (!hasCode(failure, "ENOENT") || above === base) throw failure;
    await makeMissingFolders(base, above, onMade);
    return makeFolder(path);
  });
  if (isNew) onMade?.(path);
}

/** Makes a folder in one that is there; says whether it is new. */
export async function makeFolder(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (failure) {
    if (hasCode(failure, "EEXIST")) return false;
    throw failure;
  }
}

/** Like the recursive mkdir of Node, which on a read-only disk says ENOENT, and under /proc never ends. */
export async function makeFolders(path: string): Promise<void> {
  try {
    await makeFolder(path);
  } catch (failure) {
    if (!hasCode(failure, "ENOENT") || dirname(path) === path) throw failure;
    await makeFolders(dirname(path));
    await makeFolder(path);
  }
}
