// Versions that are being kept, in the proxy's state.
import { type ModuleVersion, parseModulePath, parseVersion } from "@stoa/gomod";
import type { KeepJournal } from "../../domain/keep-journal.ts";
import type { SqlDatabase } from "./sql-database.ts";
import { translating } from "./state-failure.ts";

const what = "the journal of versions that are being kept";

/** A `KeepJournal` in a database. */
export class SqlKeepJournal implements KeepJournal {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async begin({ path, version }: ModuleVersion): Promise<void> {
    await translating(what, () =>
      this.#database.change(
        `INSERT INTO stoa_keeping (path, version, begun_ms) VALUES (?, ?, ?)
         ON CONFLICT (path, version) DO UPDATE SET begun_ms = excluded.begun_ms`,
        ...[path, version, Date.now()],
      ),
    );
  }

  async end({ path, version }: ModuleVersion): Promise<void> {
    await translating(what, () =>
      this.#database.change(
        "DELETE FROM stoa_keeping WHERE path = ? AND version = ?",
        path,
        version,
      ),
    );
  }

  async unfinished(before: Date): Promise<readonly ModuleVersion[]> {
    const rows = await translating(what, () =>
      this.#database.rows("SELECT * FROM stoa_keeping WHERE begun_ms < ?", before.getTime()),
    );
    return rows.map((row) => ({
      path: parseModulePath(String(row["path"])),
      version: parseVersion(String(row["version"])),
    }));
  }
}
