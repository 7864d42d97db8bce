// The feed of new versions, in the proxy's state.
import { type ModuleVersion, parseModulePath, parseVersion } from "@stoa/gomod";
import type { IndexEntry, VersionIndex } from "../../domain/version-index.ts";
import type { SqlDatabase } from "./sql-database.ts";
import { translating } from "./state-failure.ts";

/** A `VersionIndex` in a database. */
export class SqlVersionIndex implements VersionIndex {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  add(modules: readonly ModuleVersion[]): Promise<void> {
    const now = Date.now() * 1000;
    return translating("the index of versions", () =>
      // One after the other, and only in turn: a reader must never find an entry in front of one it has seen.
      this.#database.changeInTurn(
        `INSERT INTO stoa_version (path, version, at_us)
         VALUES (?, ?, ${this.#database.greater}(CAST(? AS BIGINT),
           coalesce((SELECT at_us FROM stoa_version ORDER BY at_us DESC LIMIT 1), 0) + 1))
         ON CONFLICT (path, version) DO NOTHING`,
        modules.map(({ path, version }) => [path, version, now]),
      ),
    );
  }

  remove(modules: readonly ModuleVersion[]): Promise<void> {
    return translating("the index of versions", () =>
      this.#database.changeInTurn(
        "DELETE FROM stoa_version WHERE path = ? AND version = ?",
        modules.map(({ path, version }) => [path, version]),
      ),
    );
  }

  async since(atMicros: number, limit: number): Promise<readonly IndexEntry[]> {
    const rows = await translating("the index of versions", () =>
      this.#database.rows(
        "SELECT * FROM stoa_version WHERE at_us >= ? ORDER BY at_us LIMIT ?",
        atMicros,
        limit,
      ),
    );
    return rows.map((row) => ({
      module: {
        path: parseModulePath(String(row["path"])),
        version: parseVersion(String(row["version"])),
      },
      atMicros: Number(row["at_us"]),
    }));
  }
}
