// Leases in the proxy's state, by the clock of the database.
import type { LeaseEngine } from "../../domain/leases.ts";
import type { SqlDatabase } from "./sql-database.ts";

/** Leases in the table `stoa_lease`. The database is not this engine's to close. */
export class SqlLeaseEngine implements LeaseEngine {
  readonly name: string;
  readonly #database: SqlDatabase;

  constructor(database: SqlDatabase, name: string) {
    this.#database = database;
    this.name = name;
  }

  async ask(): Promise<void> {
    await this.#database.rows("SELECT 1");
  }

  async take(key: string, holder: string, lifetimeMs: number): Promise<boolean> {
    const now = this.#database.nowMs;
    const taken = await this.#database.change(
      `INSERT INTO stoa_lease (name, holder, until_ms) VALUES (?, ?, ${now} + ?)
       ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms
       WHERE stoa_lease.until_ms <= ${now}`,
      ...[key, holder, lifetimeMs],
    );
    return taken > 0;
  }

  async renew(key: string, holder: string, lifetimeMs: number): Promise<boolean> {
    const now = this.#database.nowMs;
    const renewed = await this.#database.change(
      `UPDATE stoa_lease SET until_ms = ${now} + ? WHERE name = ? AND holder = ? AND until_ms > ${now}`,
      ...[lifetimeMs, key, holder],
    );
    return renewed > 0;
  }

  async release(key: string, holder: string): Promise<void> {
    await this.#database.change(
      "DELETE FROM stoa_lease WHERE name = ? AND holder = ?",
      key,
      holder,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The state is closed by whoever opened it.
  }
}
