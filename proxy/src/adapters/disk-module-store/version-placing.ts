// How a whole version comes into its folder: by one rename or, where that cannot be, by a repair.
import { rename, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ModuleVersion } from "@stoa/gomod";
import type { FileKind } from "../../domain/module-store.ts";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import { type DurableDisk, makeFolder } from "./durable-disk.ts";
import type { MendLock } from "./mend-lock.ts";
import { exists, hasCode, type StorageRoot } from "./storage-root.ts";
import { fileName, versionFolder } from "./version-folder.ts";
import type { WholeVersions } from "./whole-versions.ts";

/** Answers to the renaming of a folder: the place is taken, or this file system cannot do it. */
const notThisWay = [
  ...["ENOTEMPTY", "EEXIST"],
  ...["EPERM", "EXDEV", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"],
] as const;

/** What stands between the bytes and the place for them. */
export interface PlacingParts {
  readonly root: StorageRoot;
  readonly disk: DurableDisk;
  readonly lock: MendLock;
  readonly whole: WholeVersions;
}

/**
 * Puts a staged folder that holds the three files in the place of its version.
 *
 *     folder absent or empty ── rename the staged folder ──▶ whole at once
 *     folder holds something ── lock, look again, mend ────▶ whole when its info appears, last
 *
 * Renaming a folder is atomic and fails where a folder with anything in it is in the way, so of any number of writers
 * in any number of processes one wins and the others find its version whole; files of two writers never mix, and a
 * crash leaves either nothing or everything. A folder that holds something and is not whole is no writer of Stoa at
 * work, except a mender, and of those the lock admits one: it is what a crash of Athens left, or the folders of longer
 * module paths.
 */
export class VersionPlacing {
  readonly #parts: PlacingParts;

  constructor(parts: PlacingParts) {
    this.#parts = parts;
  }

  /**
   * Says `placed` when the version is there, made of the staged files, and durable; `occupied` if it is there and whole
   * already. `staged` may or may not remain. Rejects with an error of the operating system or a `ProxyFailure`.
   */
  async place(staged: string, module: ModuleVersion): Promise<"placed" | "occupied"> {
    const { root, disk } = this.#parts;
    const folder = versionFolder(root.path, module);
    const unsure = await disk.makeFolders(root.path, dirname(folder));
    const outcome = await this.#move(staged, module, folder);
    // An occupied place too may have been filled a moment ago: who says "kept" says "durable".
    await disk.settle(unsure, [folder, dirname(folder)]);
    return outcome;
  }

  async #move(
    staged: string,
    module: ModuleVersion,
    folder: string,
  ): Promise<"placed" | "occupied"> {
    if (await renameFolder(staged, folder)) return "placed";
    if (await this.#parts.whole.isOnDisk(module)) return "occupied";
    return this.#mend(staged, module, folder);
  }

  /**
   * Replaces the pieces of a torn version, file by file. While it does so the folder is never empty, or another
   * writer's could be renamed into its place; and it never holds three files before the last of ours, the info.
   */
  async #mend(
    staged: string,
    module: ModuleVersion,
    folder: string,
  ): Promise<"placed" | "occupied"> {
    const { disk, lock, whole } = this.#parts;
    const ours = (kind: FileKind): string => join(staged, fileName(module, kind));
    const theirs = (kind: FileKind): string => join(folder, fileName(module, kind));
    await using _mine = await lock.hold(module);
    if (await whole.isOnDisk(module)) return "occupied";

    await makeFolder(folder);
    const hasZip = await exists(theirs("zip"));
    if (hasZip) await removeFile(theirs("info"));
    if (await exists(theirs("mod"))) {
      await rename(ours("mod"), theirs("mod"));
    } else if (!(await disk.claimName(ours("mod"), theirs("mod")))) {
      // The folder was empty, and another writer's was renamed into its place.
      if (await whole.isOnDisk(module)) return "occupied";
      throw changedMeanwhile(folder, module);
    }
    if (!hasZip) await removeFile(theirs("info"));
    await rename(ours("zip"), theirs("zip"));
    // A power cut must not find the info without the others.
    await disk.syncFolder(folder);
    await rename(ours("info"), theirs("info"));
    return "placed";
  }
}

function changedMeanwhile(folder: string, module: ModuleVersion): ProxyFailure {
  return new ProxyFailure(
    "store_unavailable",
    `${folder} changed while it was repaired: ask again, and find out which other program writes there`,
    { subject: module },
  );
}

/** Says whether the staged folder now is the version's. */
async function renameFolder(staged: string, folder: string): Promise<boolean> {
  try {
    await rename(staged, folder);
    return true;
  } catch (failure) {
    if (hasCode(failure, ...notThisWay)) return false;
    throw failure;
  }
}

async function removeFile(path: string): Promise<void> {
  await unlink(path).catch((failure: unknown) => {
    if (!hasCode(failure, "ENOENT")) throw failure;
  });
}
