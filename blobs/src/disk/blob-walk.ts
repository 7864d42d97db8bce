// The blobs of a folder in the order of their keys.
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { compareBlobKeys } from "../blob-key.ts";
import type { BlobEntry } from "../blob-store.ts";
import { isAbsence } from "./disk-failure.ts";

/** Which keys are wanted. */
export interface WantedKeys {
  readonly prefix: string;
  readonly after: string | undefined;
}

/** Reads only the folders that can hold a wanted key. Of the top folder, names that begin with `hidden` are left out. */
export async function* walkBlobs(
  root: string,
  wanted: WantedKeys,
  hidden: string,
): AsyncGenerator<BlobEntry> {
  yield* below("", root, wanted, (name) => name !== hidden);
}

async function* below(
  folder: string,
  path: string,
  wanted: WantedKeys,
  isShown: (name: string) => boolean,
): AsyncGenerator<BlobEntry> {
  for (const name of await sortedNames(path)) {
    if (!isShown(name.replace("/", ""))) continue;
    const key = `${folder}${name}`;
    if (name.endsWith("/")) {
      if (mayHold(key, wanted)) yield* below(key, join(path, name), wanted, () => true);
    } else if (isWanted(key, wanted)) {
      const size = await sizeOf(join(path, name));
      if (size !== undefined) yield { key, size };
    }
  }
}

/** With a slash behind folders, because that is how they sort among the keys. */
async function sortedNames(path: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(path, { withFileTypes: true });
    return entries
      .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
      .sort(compareBlobKeys);
  } catch (failure) {
    if (isAbsence(failure)) return [];
    throw failure;
  }
}

function isWanted(key: string, { prefix, after }: WantedKeys): boolean {
  return key.startsWith(prefix) && (after === undefined || compareBlobKeys(key, after) > 0);
}

/** Whether some key that begins with `folder` can be wanted. */
function mayHold(folder: string, { prefix, after }: WantedKeys): boolean {
  if (!folder.startsWith(prefix) && !prefix.startsWith(folder)) return false;
  return after === undefined || after.startsWith(folder) || compareBlobKeys(folder, after) > 0;
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : undefined;
  } catch (failure) {
    if (isAbsence(failure)) return undefined;
    throw failure;
  }
}
