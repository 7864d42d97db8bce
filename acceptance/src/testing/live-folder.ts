// Walking a folder whose owner is at work: what is gone when its turn comes was passing by.
import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** Everything below a folder, folders included, but not what `leaveOut` names nor what lies below that. */
export async function entriesBelow(
  folder: string,
  leaveOut: (path: string) => boolean = () => false,
): Promise<readonly Dirent[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(nothingIfGone<Dirent>);
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      if (leaveOut(path)) return [];
      return entry.isDirectory() ? [entry, ...(await entriesBelow(path, leaveOut))] : [entry];
    }),
  );
  return found.flat();
}

/** For a `catch`: nothing where a file or folder is gone, and the failure for anything else. */
export function nothingIfGone<T>(failure: NodeJS.ErrnoException): readonly T[] {
  if (failure.code !== "ENOENT") throw failure;
  return [];
}
