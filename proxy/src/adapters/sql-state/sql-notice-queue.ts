// Notices that wait to be delivered, in the proxy's state.
import type { Notice, NoticeQueue } from "../../domain/notice-queue.ts";
import type { SqlDatabase, SqlRow, SqlValue } from "./sql-database.ts";
import { translating } from "./state-failure.ts";

const what = "the queue of notices";

/** A `NoticeQueue` in a database. */
export class SqlNoticeQueue implements NoticeQueue {
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase) {
    this.#database = database;
  }

  async add({ id, url, body, attempts }: Notice, due: Date, most: number): Promise<boolean> {
    const added = await this.#change(
      `INSERT INTO stoa_notice (id, url, body, attempts, due_ms)
       SELECT ?, ?, ?, CAST(? AS BIGINT), CAST(? AS BIGINT)
       WHERE (SELECT count(*) FROM stoa_notice) < ?`,
      ...[id, url, body, attempts, due.getTime(), most],
    );
    return added > 0;
  }

  async take(limit: number, now: Date, until: Date): Promise<readonly Notice[]> {
    const rows = await this.#rows(
      `UPDATE stoa_notice SET due_ms = ? WHERE id IN (
         SELECT id FROM stoa_notice WHERE due_ms <= ? ORDER BY due_ms LIMIT ? ${this.#database.skipLocked}
       ) RETURNING *`,
      ...[until.getTime(), now.getTime(), limit],
    );
    return rows.map((row) => ({
      id: String(row["id"]),
      url: String(row["url"]),
      body: String(row["body"]),
      attempts: Number(row["attempts"]),
    }));
  }

  async postpone(id: string, attempts: number, due: Date): Promise<void> {
    await this.#change(
      "UPDATE stoa_notice SET attempts = ?, due_ms = ? WHERE id = ?",
      ...[attempts, due.getTime(), id],
    );
  }

  async remove(id: string): Promise<void> {
    await this.#change("DELETE FROM stoa_notice WHERE id = ?", id);
  }

  async nextDue(): Promise<Date | undefined> {
    const [row] = await this.#rows("SELECT min(due_ms) AS due_ms FROM stoa_notice");
    const due = row?.["due_ms"] ?? undefined;
    return due === undefined ? undefined : new Date(Number(due));
  }

  #rows(statement: string, ...values: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    return translating(what, () => this.#database.rows(statement, ...values));
  }

  #change(statement: string, ...values: readonly SqlValue[]): Promise<number> {
    return translating(what, () => this.#database.change(statement, ...values));
  }
}
