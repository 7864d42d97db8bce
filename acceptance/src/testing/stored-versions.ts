// What a store's folder holds, seen from outside: Athens' layout on disk, as Athens itself reads it.
import { readFile, utimes } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { entriesBelow, nothingIfGone } from "./live-folder.ts";

/** The folder of a version and what lies in it. */
export interface StoredVersion {
  /** Below the root, with slashes: `example.com/m/v1.0.0`. */
  readonly folder: string;
  /** By name. A whole version has go.mod, source.zip and <version>.info, and nothing else. */
  readonly files: ReadonlyMap<string, Buffer>;
}

/** Every file below a store's root, with slashes. */
export async function filesIn(root: string): Promise<string[]> {
  const entries = await entriesBelow(root);
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort();
}

/** Every folder outside the dot-folders that holds a file, whole version or not. */
export async function versionsIn(root: string): Promise<StoredVersion[]> {
  const versions = new Map<string, Map<string, Buffer>>();
  for (const name of await filesIn(root)) {
    if (name.startsWith(".")) continue;
    const slash = name.lastIndexOf("/");
    const folder = name.slice(0, slash);
    const files = versions.get(folder) ?? new Map<string, Buffer>();
    const [content] = await readFile(join(root, name)).then(
      (bytes) => [bytes],
      nothingIfGone<Buffer>,
    );
    if (content !== undefined) versions.set(folder, files.set(name.slice(slash + 1), content));
  }
  return [...versions].map(([folder, files]) => ({ folder, files }));
}

/** Whether all three files of a version are there. */
export function isWhole({ folder, files }: StoredVersion): boolean {
  const version = folder.slice(folder.lastIndexOf("/") + 1);
  return files.has("go.mod") && files.has("source.zip") && files.has(`${version}.info`);
}

/** Makes every version look as if it had come years ago. */
export async function ageVersions(root: string): Promise<void> {
  const then = new Date("2020-01-01");
  for (const { folder } of await versionsIn(root)) {
    await utimes(join(root, folder, "source.zip"), then, then);
  }
}
