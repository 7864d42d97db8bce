// Where Stoa keeps its own databases on this machine.
import { join } from "node:path";
import type { StorageSettings } from "./open-storage.ts";

/** The folder of what this instance keeps for itself; `undefined` if it keeps everything in memory. */
export function localFolder(storage: StorageSettings): string | undefined {
  switch (storage.kind) {
    case "disk":
      return storage.root;
    case "memory":
      return undefined;
    default:
      return storage.folder;
  }
}

/** The queue of background fetches of a local folder. */
export function queueFile(folder: string): string {
  return join(folder, ".stoa", "queue.sqlite");
}

/** The index of versions of a local folder. */
export function indexFile(folder: string): string {
  return join(folder, ".stoa", "index.sqlite");
}
