// The hashes that a storage folder's state has on record, for tests to read and to lose.
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** What is recorded of a version, as lines of go.sum and the database that confirmed them; "" if nothing is. */
export function recordedHashes(root: string, path: string, version: string): string {
  using database = openState(root);
  const row = database
    .prepare("SELECT * FROM stoa_hash WHERE path = ? AND version = ?")
    .get(path, version);
  if (row === undefined) return "";
  return [
    `${path} ${version} ${row["zip"]}`,
    `${path} ${version}/go.mod ${row["go_mod"]}`,
    ...(row["verified_by"] === null ? [] : [`verified ${row["verified_by"]}`]),
    "",
  ].join("\n");
}

/** Loses what is recorded of all versions of a module. */
export function loseHashes(root: string, path: string): void {
  using database = openState(root);
  database.prepare("DELETE FROM stoa_hash WHERE path = ?").run(path);
}

/** Puts another digest of a zip file on record for all versions of a module. */
export function recordDigest(root: string, path: string, digest: string): void {
  using database = openState(root);
  database.prepare("UPDATE stoa_hash SET zip_digest = ? WHERE path = ?").run(digest, path);
}

function openState(root: string): DatabaseSync {
  return new DatabaseSync(join(root, ".stoa", "state.sqlite"), { timeout: 60_000 });
}
