// When modules and versions were last used, in the proxy's state.
import { type ModulePath, type ModuleVersion, parseVersion, type Version } from "@stoa/gomod";
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

  async versionsUsed(modules: readonly ModuleVersion[], time: Date): Promise<void> {
    await translating(what, () =>
      this.#database.changeInTurn(
        `INSERT INTO stoa_version_use (path, version, used_ms) VALUES (?, ?, ?)
         ON CONFLICT (path, version) DO UPDATE SET used_ms = excluded.used_ms
         WHERE stoa_version_use.used_ms < excluded.used_ms`,
        modules.map(({ path, version }) => [path, version, time.getTime()]),
      ),
    );
  }

  async versionUses(path: ModulePath): Promise<ReadonlyMap<Version, Date>> {
    const rows = await translating(what, () =>
      this.#database.rows("SELECT version, used_ms FROM stoa_version_use WHERE path = ?", path),
    );
    return new Map(
      rows.map((row) => [parseVersion(String(row["version"])), new Date(Number(row["used_ms"]))]),
    );
  }

  async forgetVersion({ path, version }: ModuleVersion): Promise<void> {
    await translating(what, () =>
      this.#database.change(
        "DELETE FROM stoa_version_use WHERE path = ? AND version = ?",
        path,
        version,
      ),
    );
  }
}
