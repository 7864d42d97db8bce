// Files and names that a power cut does not take back.
import { mkdir, open } from "node:fs/promises";
import { dirname } from "node:path";
import { hasCode } from "./disk-failure.ts";

/** Writes a new file; its bytes are on the disk when this resolves, its name may not be: see `syncFolder`. */
export async function writeFile(path: string, pieces: AsyncIterable<Uint8Array>): Promise<void> {
  const file = await open(path, "wx");
  try {
    for await (const piece of pieces) {
      for (let written = 0; written < piece.length; ) {
        written += (await file.write(piece, written)).bytesWritten;
      }
    }
    // Not all of a time is the clock's, so that two files of one moment have different ones.
    const seconds = (Date.now() + Math.random()) / 1000;
    await file.utimes(seconds, seconds);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes a folder and those above it, up to `base`, which must exist: one that is gone is not made anew. */
export async function makeFolders(base: string, path: string): Promise<void> {
  if (path === base) return;
  const above = dirname(path);
  try {
    await mkdir(path);
  } catch (failure) {
    if (hasCode(failure, "EEXIST")) return;
    if (!hasCode(failure, "ENOENT") || above === base) throw failure;
    await makeFolders(base, above);
    await makeFolders(base, path);
    return;
  }
  await syncFolder(above);
}

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } catch (failure) {
    if (!hasCode(failure, "EINVAL", "EPERM")) throw failure; // a file system that syncs no folders
  } finally {
    await folder.close();
  }
}
