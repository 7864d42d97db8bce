// The hashes of kept versions, in the proxy's state.
import type { ModuleVersion } from "@stoa/gomod";
import type { HashEntry, KeptHashes } from "../../domain/kept-hashes.ts";
import type { SqlDatabase } from "./sql-database.ts";
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
    const database = row["verified_by"];
    return {
      zip: String(row["zip"]),
      mod: String(row["go_mod"]),
      database: typeof database === "string" ? database : undefined,
    };
  }

  async write({ path, version }: ModuleVersion, entry: HashEntry): Promise<void> {
    await translating("the record of hashes", () =>
      this.#database.change(
        `INSERT INTO stoa_hash (path, version, zip, go_mod, verified_by) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (path, version) DO UPDATE SET
           zip = excluded.zip, go_mod = excluded.go_mod, verified_by = excluded.verified_by`,
        ...[path, version, entry.zip, entry.mod, entry.database ?? null],
      ),
    );
  }

  async remove({ path, version }: ModuleVersion): Promise<void> {
    await translating("the record of hashes", () =>
      this.#database.change("DELETE FROM stoa_hash WHERE path = ? AND version = ?", path, version),
    );
  }
}
