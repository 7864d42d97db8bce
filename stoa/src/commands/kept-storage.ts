// The storage that a command looks at, which must be there already.
import { statSync } from "node:fs";
import type { SettingValues } from "../config/settings.ts";

/**
 * The folder in which modules are kept. Throws a sentence if it is not there: only `serve` makes one, and whoever looks at
 * a storage has named the wrong place.
 */
export function keptStorage({ diskRoot }: Pick<SettingValues, "diskRoot">): string {
  if (statSync(diskRoot, { throwIfNoEntry: false })?.isDirectory() === true) return diskRoot;
  throw new Error(
    `there is no storage folder ${diskRoot}: set ATHENS_DISK_STORAGE_ROOT, or Storage.Disk.RootPath in the file, to the one that stoa serve uses`,
  );
}
