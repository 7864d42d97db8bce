// Places of long work, in the proxy's state.
import type { Bookmarks } from "../../domain/bookmarks.ts";
import type { SqlDatabase } from "./sql-database.ts";
import { translating } from "./state-failure.ts";

const what = "the record of how far work has come";

/** `Bookmarks` in a database. */
export class SqlBookmarks implements Bookmarks {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async read(name: string): Promise<string | undefined> {
    const [row] = await translating(what, () =>
      this.#database.rows("SELECT place FROM stoa_bookmark WHERE name = ?", name),
    );
    return row === undefined ? undefined : String(row["place"]);
  }

  async write(name: string, place: string): Promise<void> {
    await translating(what, () =>
      this.#database.change(
        `INSERT INTO stoa_bookmark (name, place) VALUES (?, ?)
         ON CONFLICT (name) DO UPDATE SET place = excluded.place`,
        ...[name, place],
      ),
    );
  }

  async remove(name: string): Promise<void> {
    await translating(what, () =>
      this.#database.change("DELETE FROM stoa_bookmark WHERE name = ?", name),
    );
  }
}
