// The hashes of kept versions, in the proxy's state.
import type { ModuleVersion } from "@stoa/gomod";
import type { HashEntry, KeptHashes } from "../../domain/kept-hashes.ts";
import type { SqlDatabase, SqlRow } from "./sql-database.ts";
import { translating } from "./state-failure.ts";

/** `KeptHashes` in a database. */
export class SqlKeptHashes implements KeptHashes {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async read({ path, version }: ModuleVersion): Promise<HashEntry | undefined> {
    const [row] = await translating("the record of hashes", () =>
      this.#database.rows("SELECT * FROM stoa_hash WHERE path = ? AND version = ?", path, version),
    );
    if (row === undefined) return undefined;
    return {
      zip: String(row["zip"]),
      mod: String(row["go_mod"]),
      database: textIn(row, "verified_by"),
      zipDigest: row["digested_zip"] === row["zip"] ? textIn(row, "zip_digest") : undefined,
    };
  }

  async write({ path, version }: ModuleVersion, entry: HashEntry): Promise<void> {
    await translating("the record of hashes", () =>
      this.#database.change(
        `INSERT INTO stoa_hash (path, version, zip, go_mod, verified_by, zip_digest, digested_zip)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (path, version) DO UPDATE SET
           zip = excluded.zip, go_mod = excluded.go_mod, verified_by = excluded.verified_by,
           zip_digest = excluded.zip_digest, digested_zip = excluded.digested_zip`,
        ...[path, version, entry.zip, entry.mod, entry.database ?? null],
        ...[entry.zipDigest ?? null, entry.zip],
      ),
    );
  }

  async remove({ path, version }: ModuleVersion): Promise<void> {
    await translating("the record of hashes", () =>
      this.#database.change("DELETE FROM stoa_hash WHERE path = ? AND version = ?", path, version),
    );
  }
}

function textIn(row: SqlRow, column: string): string | undefined {
  const value = row[column];
  return typeof value === "string" ? value : undefined;
}
