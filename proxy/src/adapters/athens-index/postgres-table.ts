// Athens' table of versions in PostgreSQL.
import type { ModuleVersion } from "@stoa/gomod";
import type { Pool } from "pg";
import { postgresEncryption } from "./index-encryption.ts";
import { type IndexServer, type IndexTable, sqlTime } from "./index-table.ts";

const statements = [
  `CREATE TABLE IF NOT EXISTS indexes (
     id SERIAL PRIMARY KEY, path VARCHAR(255) NOT NULL, version VARCHAR(255) NOT NULL, timestamp TIMESTAMP NOT NULL
   )`,
  "CREATE INDEX IF NOT EXISTS idx_timestamp ON indexes (timestamp)",
  "CREATE UNIQUE INDEX IF NOT EXISTS idx_module_version ON indexes (path, version)",
];

/** Any number that nobody else uses. */
const turn = 7_303_014_603;

const micros = "(extract(epoch FROM timestamp) * 1000000)::bigint";

/** Connects and creates what is missing. */
export async function openPostgresTable(server: IndexServer): Promise<IndexTable> {
  const { Pool } = (await import("pg")).default;
  const pool = new Pool({
    host: server.host,
    port: server.port,
    user: server.user,
    password: server.password,
    database: server.database,
    ssl: await postgresEncryption(server.params),
    connectionTimeoutMillis: connectMs(server.params.get("connect_timeout")),
    statement_timeout: 10_000,
    application_name: "stoa",
    max: 4,
    allowExitOnIdle: true,
  });
  // A connection that breaks while no statement runs is nobody's failure: the pool makes another.
  pool.on("error", () => undefined);
  pool.on("connect", (client) => client.on("error", () => undefined));
  const table = new PostgresTable(pool);
  try {
    await table.create();
    return table;
  } catch (failure) {
    await pool.end();
    throw failure;
  }
}

class PostgresTable implements IndexTable {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  create(): Promise<void> {
    return this.#inTurn(async (run) => {
      for (const statement of statements) await run(statement, []);
    });
  }

  add(modules: readonly ModuleVersion[], nowMicros: number): Promise<void> {
    return this.#inTurn(async (run) => {
      for (const { path, version } of modules) {
        await run(
          `INSERT INTO indexes (path, version, timestamp)
           VALUES ($1, $2, greatest($3::timestamp, (SELECT max(timestamp) FROM indexes) + interval '1 microsecond'))
           ON CONFLICT (path, version) DO NOTHING`,
          [path, version, sqlTime(nowMicros)],
        );
      }
    });
  }

  async remove(modules: readonly ModuleVersion[]): Promise<void> {
    for (const { path, version } of modules) {
      await this.#pool.query("DELETE FROM indexes WHERE path = $1 AND version = $2", [
        path,
        version,
      ]);
    }
  }

  async since(
    atMicros: number,
    limit: number,
  ): Promise<readonly { path: unknown; version: unknown; at: unknown }[]> {
    const { rows } = await this.#pool.query<{ path: unknown; version: unknown; at: unknown }>(
      `SELECT path, version, ${micros} AS at FROM indexes WHERE timestamp >= $1::timestamp ORDER BY timestamp, id LIMIT $2`,
      [sqlTime(Math.max(0, atMicros)), limit],
    );
    return rows;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }

  async #inTurn(
    work: (run: (text: string, values: string[]) => Promise<unknown>) => Promise<void>,
  ): Promise<void> {
    const client = await this.#pool.connect();
    try {
      await client.query("BEGIN");
      await client.query("SELECT pg_advisory_xact_lock($1)", [turn]);
      await work((text, values) => client.query(text, values));
      await client.query("COMMIT");
      client.release();
    } catch (failure) {
      // The server undoes what a closed connection has begun.
      client.release(true);
      throw failure;
    }
  }
}

/** Whole seconds, or a Go duration as Athens' sample file has it and its driver refuses: `30s`. */
function connectMs(text = "30"): number {
  const seconds = Number.parseInt(text, 10);
  return Number.isNaN(seconds) ? 30_000 : seconds * 1000;
}
