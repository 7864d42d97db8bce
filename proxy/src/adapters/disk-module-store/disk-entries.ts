// Everything in a storage folder that is a version, or looks like one.
import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { SourceEntry } from "../../domain/import-source.ts";
import { hasCode, type StorageRoot } from "./storage-root.ts";
import { fileName, moduleVersionOf } from "./version-folder.ts";
import type { WholeVersions } from "./whole-versions.ts";

/**
 * Walks through the folders, in the order of their names; those that begin with a dot are nobody's versions. The folder
 * of a version may hold those of longer module paths. Rejects with `store_unavailable`.
 */
export async function* diskEntries(
  root: StorageRoot,
  whole: WholeVersions,
  signal: AbortSignal,
): AsyncGenerator<SourceEntry> {
  const left: string[] = [""];
  for (let place = left.pop(); place !== undefined; place = left.pop()) {
    signal.throwIfAborted();
    const entries = await read(root, place);
    const entry = await entryOf(place, entries, whole);
    if (entry !== undefined) yield entry;
    const folders = entries
      .filter((inside) => inside.isDirectory() && !inside.name.startsWith("."))
      .map(({ name }) => (place === "" ? name : `${place}/${name}`))
      .sort();
    left.push(...folders.reverse());
  }
}

async function read(root: StorageRoot, place: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(join(root.path, place), { withFileTypes: true });
  } catch (failure) {
    if (!hasCode(failure, "ENOENT")) throw root.translate(failure);
    await root.requirePresent();
    return [];
  }
}

async function entryOf(
  place: string,
  entries: readonly Dirent[],
  whole: WholeVersions,
): Promise<SourceEntry | undefined> {
  const files = new Set(entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name));
  const slash = place.lastIndexOf("/");
  if (slash < 0 || ![...files].some(isVersionFile)) return undefined;
  const module = moduleVersionOf(place.slice(0, slash), place.slice(slash + 1));
  if (module === undefined) {
    const why = "its folder is not named after a module and one of its canonical versions";
    return { kind: "unusable", place, why };
  }
  if (await whole.isOnDisk(module)) return { kind: "whole", module };
  const missing = (["mod", "zip", "info"] as const)
    .map((kind) => fileName(module, kind))
    .filter((name) => !files.has(name));
  const lacks =
    missing.length === 0 ? "one of its files is empty" : `it lacks ${missing.join(", ")}`;
  return { kind: "unusable", place, why: `it is torn: ${lacks}` };
}

function isVersionFile(name: string): boolean {
  return name === "go.mod" || name === "source.zip" || name.endsWith(".info");
}
