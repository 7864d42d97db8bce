// The state in an SQLite file.
import { existsSync } from "node:fs";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { type SqlDatabase, type SqlRow, type SqlValue, schemaSteps } from "./sql-database.ts";

/** Milliseconds a statement waits while another process writes. Nothing else runs meanwhile. */
const busyMs = 2000;

/** After this long without use the file is closed, so that its disk can be unmounted or made read-only. */
const idleMs = 1000;

/**
 * A write is in the operating system's hands when its call returns, so that it survives the death of the process; not
 * flushed, for that would hold up every request for milliseconds. What a power failure takes is asked for again.
 */
const pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;";

/** A file, created by the first change, or `:memory:`. Several processes of one machine may use it at once. */
export class SqliteDatabase implements SqlDatabase {
  readonly skipLocked = "";
  readonly greater = "max";
  readonly nowMs = "CAST(unixepoch('subsec') * 1000 AS BIGINT)";
  readonly #file: string;
  readonly #readOnly: boolean;
  readonly #statements = new Map<string, StatementSync>();
  #database: DatabaseSync | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(file: string, { readOnly = false }: { readonly readOnly?: boolean } = {}) {
    this.#file = file;
    this.#readOnly = readOnly;
  }

  async rows(statement: string, ...values: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    if (this.#database === undefined && !existsSync(this.#file)) return [];
    return this.#prepared(statement).all(...values);
  }

  async change(statement: string, ...values: readonly SqlValue[]): Promise<number> {
    return Number(this.#prepared(statement).run(...values).changes);
  }

  async changeInTurn(statement: string, lists: readonly (readonly SqlValue[])[]): Promise<void> {
    const prepared = this.#prepared(statement);
    this.#atomically(() => {
      for (const values of lists) prepared.run(...values);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#close();
  }

  #prepared(statement: string): StatementSync {
    const database = this.#opened();
    const known = this.#statements.get(statement) ?? database.prepare(statement);
    this.#statements.set(statement, known);
    return known;
  }

  #opened(): DatabaseSync {
    if (this.#database !== undefined) {
      this.#idle?.refresh();
      return this.#database;
    }
    this.#database = new DatabaseSync(this.#file, { timeout: busyMs, readOnly: this.#readOnly });
    try {
      if (!this.#readOnly) this.#prepareSchema(this.#database);
    } catch (failure) {
      this.#close();
      throw failure;
    }
    if (this.#file !== ":memory:") this.#idle = setTimeout(() => this.#close(), idleMs).unref();
    return this.#database;
  }

  /** SQLite counts the steps that were taken in the file's own `user_version`. */
  #prepareSchema(database: DatabaseSync): void {
    database.exec(pragmas);
    const taken = (): number => {
      const row = database.prepare("PRAGMA user_version").get();
      return Number(row?.["user_version"]);
    };
    if (taken() >= schemaSteps.length) return;
    this.#atomically(() => {
      for (const step of schemaSteps.slice(taken())) database.exec(step);
      database.exec(`PRAGMA user_version = ${Math.max(schemaSteps.length, taken())}`);
    });
  }

  #atomically(work: () => void): void {
    const database = this.#database ?? this.#opened();
    database.exec("BEGIN IMMEDIATE");
    try {
      work();
      database.exec("COMMIT");
    } catch (failure) {
      if (database.isTransaction) database.exec("ROLLBACK");
      throw failure;
    }
  }

  #close(): void {
    clearTimeout(this.#idle);
    this.#statements.clear();
    this.#database?.close();
    this.#database = undefined;
  }
}
