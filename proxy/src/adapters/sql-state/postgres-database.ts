// The state in PostgreSQL, shared by all instances.
import type { Pool, PoolClient } from "pg";
import { type SqlDatabase, type SqlRow, type SqlValue, schemaSteps } from "./sql-database.ts";

/** Two locks of the whole database, held for the length of a transaction: any numbers that nobody else uses. */
const locks = { schema: 7_303_014_601, turn: 7_303_014_602 } as const;

/** How long getting a connection, and one statement, may take. A partition ends here, not when TCP gives up. */
const connectMs = 5_000;
const statementMs = 10_000;

/** So long nobody waits again for a server that has not answered in time, or each statement of a request would. */
const silenceMs = 3_000;

const mostConnections = 8;

/**
 * Connects and prepares the tables; several instances may do so at once. Rejects with the engine's own error. Lost
 * connections are made anew by the next statement.
 */
export async function openPostgresDatabase(url: string): Promise<SqlDatabase> {
  const { Pool } = (await import("pg")).default;
  const pool = new Pool({
    connectionString: url,
    application_name: "stoa",
    max: mostConnections,
    connectionTimeoutMillis: connectMs,
    statement_timeout: statementMs,
    query_timeout: statementMs + 1000,
    idle_in_transaction_session_timeout: statementMs,
    keepAlive: true,
    allowExitOnIdle: true,
  });
  // A connection that breaks while no statement runs is nobody's failure: the pool makes another.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  const database = new PostgresDatabase(pool);
  try {
    await database.prepareSchema();
    return database;
  } catch (failure) {
    await database[Symbol.asyncDispose]();
    throw failure;
  }
}

class PostgresDatabase implements SqlDatabase {
  readonly skipLocked = "FOR UPDATE SKIP LOCKED";
  readonly greater = "greatest";
  readonly nowMs = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";
  readonly #pool: Pool;
  #silentUntil = 0;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async rows(statement: string, ...values: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    const text = numbered(statement);
    const { rows } = await this.#repeating(() => this.#pool.query<SqlRow>(text, [...values]));
    return rows;
  }

  async change(statement: string, ...values: readonly SqlValue[]): Promise<number> {
    const text = numbered(statement);
    const { rowCount } = await this.#repeating(() => this.#pool.query(text, [...values]));
    return rowCount ?? 0;
  }

  async changeInTurn(statement: string, lists: readonly (readonly SqlValue[])[]): Promise<void> {
    const text = numbered(statement);
    await this.#repeating(() =>
      this.#inTurn(locks.turn, async (client) => {
        for (const values of lists) await client.query(text, [...values]);
      }),
    );
  }

  /** Takes the steps that this database has not seen. Who starts at the same time waits, and finds them taken. */
  async prepareSchema(): Promise<void> {
    await this.#inTurn(locks.schema, async (client) => {
      await client.query("CREATE TABLE IF NOT EXISTS stoa_schema (step BIGINT PRIMARY KEY)");
      const { rows } = await client.query<SqlRow>("SELECT count(*) AS taken FROM stoa_schema");
      const taken = Number(rows[0]?.["taken"]);
      for (const [at, step] of schemaSteps.entries()) {
        if (at < taken) continue;
        await client.query(step);
        await client.query("INSERT INTO stoa_schema VALUES ($1)", [at]);
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }

  /**
   * Runs `work` again, once, if its connection broke (after a restart of the server the pool still holds dead ones), or if
   * tables or columns are not there any more: an empty database, or an old backup, has taken the place of the one that was
   * lost. All statements may be repeated: each says what is to be there afterwards.
   */
  async #repeating<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.#unlessSilent(work);
    } catch (failure) {
      if (!(failure instanceof Error) || notInTime.test(failure.message)) throw failure;
      const code = "code" in failure ? String(failure.code) : "";
      if (undefinedThings.has(code)) await this.prepareSchema();
      else if (!brokenConnection.test(failure.message) && !brokenConnection.test(code))
        throw failure;
      return await work();
    }
  }

  /** Fails at once for a while after the server has not answered in time. */
  async #unlessSilent<T>(work: () => Promise<T>): Promise<T> {
    if (performance.now() < this.#silentUntil) {
      throw new Error("PostgreSQL has not answered in time, and is asked again in a moment");
    }
    try {
      return await work();
    } catch (failure) {
      if (failure instanceof Error && notInTime.test(failure.message)) {
        this.#silentUntil = performance.now() + silenceMs;
      }
      throw failure;
    }
  }

  async #inTurn(lock: number, work: (client: PoolClient) => Promise<void>): Promise<void> {
    const client = await this.#pool.connect();
    try {
      await client.query("BEGIN");
      await client.query("SELECT pg_advisory_xact_lock($1)", [lock]);
      await work(client);
      await client.query("COMMIT");
      client.release();
    } catch (failure) {
      // The server undoes what a closed connection has begun.
      client.release(true);
      throw failure;
    }
  }
}

/** PostgreSQL's codes for a table and a column that do not exist. Authority: its manual, appendix A. */
const undefinedThings: ReadonlySet<string> = new Set(["42P01", "42703"]);

/** What the driver says of a statement without an answer, and of a connection that did not come about. */
const notInTime = /^Query read timeout|^timeout exceeded when trying|due to connection timeout$/;

/** What is said of a connection that was dead already, or died under the statement; 57P01 to 57P03 by the server itself. */
const brokenConnection = /^Connection terminated|ECONNRESET|EPIPE|^57P0[123]$/;

/** `$1`, `$2` … for the question marks; no statement has one in a text. */
function numbered(statement: string): string {
  let at = 0;
  return statement.replaceAll("?", () => {
    at += 1;
    return `$${at}`;
  });
}
