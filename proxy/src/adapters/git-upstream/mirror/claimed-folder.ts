// A folder that one process has for itself, though others may have been given the same place.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { ProxyFailure } from "../../../domain/proxy-failure.ts";

/** Disposing of it lets others have it; so does the end of the process, however it ends. */
export interface ClaimedFolder extends Disposable {
  readonly path: string;
}

/** So many processes may share a place. */
const mostClaims = 64;

/**
 * The first of the folders `1`, `2`, … in a place that nobody has. Throws the errors of the file system, and
 * `store_unavailable` if all are taken or none can be locked. What an earlier process left in the folder is still there.
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
  throw unusable(`${mostClaims} other programs use it`);
}

/** SQLite locks files in the way that each system has for it, and the system unlocks them when the process is gone. */
function lockFile(path: string): DatabaseSync | undefined {
  const database = openedFile(path);
  try {
    database.exec("BEGIN EXCLUSIVE");
    return database;
  } catch {
    database.close();
    return undefined;
  }
}

function openedFile(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: 0 });
  } catch (cause) {
    throw unusable("nothing can be written there", cause);
  }
}

function unusable(reason: string, cause?: unknown): ProxyFailure {
  const message = `the folder for mirrors of repositories cannot be used: ${reason}`;
  return new ProxyFailure("store_unavailable", message, { cause });
}
