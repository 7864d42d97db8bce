// When modules were last used, in the proxy's state.
import type { ModulePath } from "@stoa/gomod";
import type { ModuleUses } from "../../domain/module-uses.ts";
import type { SqlDatabase } from "./sql-database.ts";
import { translating } from "./state-failure.ts";

const what = "the record of last uses";

/** `ModuleUses` in a database. */
export class SqlModuleUses implements ModuleUses {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async used(paths: readonly string[], time: Date): Promise<void> {
    await translating(what, () =>
      this.#database.changeInTurn(
        `INSERT INTO stoa_use (path, used_ms) VALUES (?, ?)
         ON CONFLICT (path) DO UPDATE SET used_ms = excluded.used_ms
         WHERE stoa_use.used_ms < excluded.used_ms`,
        paths.map((path) => [path, time.getTime()]),
      ),
    );
  }

  async lastUse(path: ModulePath): Promise<Date | undefined> {
    const [row] = await translating(what, () =>
      this.#database.rows("SELECT used_ms FROM stoa_use WHERE path = ?", path),
    );
    return row === undefined ? undefined : new Date(Number(row["used_ms"]));
  }
}
