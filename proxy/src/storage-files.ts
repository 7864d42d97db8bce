// Where Stoa keeps its own databases, beside what lies in Athens' layout.
import { join } from "node:path";

/** The queue of background fetches of a storage folder. */
export function queueFile(root: string): string {
  return join(root, ".stoa", "queue.sqlite");
}

/** The mirrors of repositories, beside a storage folder's modules. */
export function mirrorFolder(root: string): string {
  return join(root, ".stoa", "mirrors");
}

/** The index of versions of a storage folder. */
export function indexFile(root: string): string {
  return join(root, ".stoa", "index.sqlite");
}
