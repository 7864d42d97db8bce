// Registered lists of versions that stay, in the proxy's state.
import { type ModulePath, type ModuleVersion, parseVersion, type Version } from "@stoa/gomod";
import type { KeepList, KeepLists } from "../../domain/keep-lists.ts";
import type { SqlDatabase } from "./sql-database.ts";
import { translating } from "./state-failure.ts";

const what = "the record of what is registered to be kept";

/** `KeepLists` in a database. */
export class SqlKeepLists implements KeepLists {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async write(name: string, modules: readonly ModuleVersion[]): Promise<void> {
    await translating(what, async () => {
      const [row] = await this.#database.rows(
        "SELECT max(at_ms) AS at_ms FROM stoa_keep WHERE name = ?",
        name,
      );
      const at = Math.max(Date.now(), Number(row?.["at_ms"] ?? 0) + 1);
      // First what is new, then away with what is not: never is anything unprotected that is on both lists.
      await this.#database.changeInTurn(
        `INSERT INTO stoa_keep (name, path, version, at_ms) VALUES (?, ?, ?, ?)
         ON CONFLICT (name, path, version) DO UPDATE SET at_ms = excluded.at_ms`,
        modules.map(({ path, version }) => [name, path, version, at]),
      );
      await this.#database.change("DELETE FROM stoa_keep WHERE name = ? AND at_ms <> ?", name, at);
    });
  }

  async lists(): Promise<readonly KeepList[]> {
    const rows = await translating(what, () =>
      this.#database.rows(
        `SELECT name, count(*) AS versions, max(at_ms) AS at_ms FROM stoa_keep
         GROUP BY name ORDER BY name`,
      ),
    );
    return rows.map((row) => ({
      name: String(row["name"]),
      versions: Number(row["versions"]),
      at: new Date(Number(row["at_ms"])),
    }));
  }

  async remove(name: string): Promise<boolean> {
    const removed = await translating(what, () =>
      this.#database.change("DELETE FROM stoa_keep WHERE name = ?", name),
    );
    return removed > 0;
  }

  async versionsOf(path: ModulePath): Promise<ReadonlySet<Version>> {
    const rows = await translating(what, () =>
      this.#database.rows("SELECT DISTINCT version FROM stoa_keep WHERE path = ?", path),
    );
    return new Set(rows.map((row) => parseVersion(String(row["version"]))));
  }
}
