// A folder that one process has for itself, though others may have been given the same place.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Disposing of it lets others have it; so does the end of the process, however it ends. */
export interface ClaimedFolder extends Disposable {
  readonly path: string;
}

/** So many processes may share a place. */
const mostClaims = 64;

/**
 * The first of the folders `1`, `2`, … in a place that nobody has. Throws the errors of the file system, and an `Error`
 * with a sentence if all are taken. What an earlier process left in the folder is still there.
 */
export function claimFolder(place: string): ClaimedFolder {
  mkdirSync(place, { recursive: true, mode: 0o700 });
  for (let number = 1; number <= mostClaims; number++) {
    const lock = lockFile(join(place, `.${number}.lock`));
    if (lock === undefined) continue;
    const path = join(place, `${number}`);
    mkdirSync(path, { recursive: true });
    return { path, [Symbol.dispose]: () => lock.close() };
  }
  throw new Error(`${place} is in use by ${mostClaims} other programs`);
}

/** SQLite locks files in the way that each system has for it, and the system unlocks them when the process is gone. */
function lockFile(path: string): DatabaseSync | undefined {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec("BEGIN EXCLUSIVE");
    return database;
  } catch {
    database.close();
    return undefined;
  }
}
