// How far an index has been filled, in the proxy's state.
import type { FillMark, FillProgress } from "../../domain/fill-mark.ts";
import type { SqlDatabase } from "./sql-database.ts";
import { translating } from "./state-failure.ts";

const what = "the mark of how far the index is filled";

/** The `FillMark` of the index of a name, in a database. */
export class SqlFillMark implements FillMark {
  readonly #database: SqlDatabase;
  readonly #name: string;

  constructor(database: SqlDatabase, name: string) {
    this.#database = database;
    this.#name = name;
  }

  async read(): Promise<FillProgress> {
    const [row] = await translating(what, () =>
      this.#database.rows("SELECT next FROM stoa_filling WHERE name = ?", this.#name),
    );
    if (row === undefined) return { isDone: false, next: undefined };
    const next = row["next"];
    return typeof next === "string" ? { isDone: false, next } : { isDone: true, next: undefined };
  }

  async move(next: string | undefined): Promise<void> {
    await translating(what, () =>
      this.#database.change(
        `INSERT INTO stoa_filling (name, next) VALUES (?, ?)
         ON CONFLICT (name) DO UPDATE SET next = excluded.next`,
        ...[this.#name, next ?? null],
      ),
    );
  }
}
