// Athens' table of versions in MySQL.
import type { ModuleVersion } from "@stoa/gomod";
import type { Pool, PoolConnection, RowDataPacket } from "mysql2/promise";
import { type MysqlEncryption, mysqlEncryption } from "./index-encryption.ts";
import { type IndexServer, type IndexTable, sqlTime } from "./index-table.ts";

/** `TIMESTAMP` columns change a missing value into now in old versions; every row here brings its own. */
const table = `CREATE TABLE IF NOT EXISTS indexes (
  id INT AUTO_INCREMENT PRIMARY KEY, path VARCHAR(255) NOT NULL, version VARCHAR(255) NOT NULL,
  timestamp TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  INDEX (timestamp), UNIQUE INDEX idx_module_version (path, version)
) CHARACTER SET utf8`;

const turn = "stoa.indexes";
const turnSeconds = 10;

/** Connects and creates what is missing. */
export async function openMysqlTable(server: IndexServer): Promise<IndexTable> {
  const encryption = mysqlEncryption(server);
  try {
    return await openTable(server, encryption?.ssl);
  } catch (failure) {
    if (encryption?.isOptional !== true || !knowsNoTls(failure)) throw failure;
    return openTable(server, undefined);
  }
}

async function openTable(
  server: IndexServer,
  ssl: MysqlEncryption["ssl"] | undefined,
): Promise<IndexTable> {
  const { createPool } = await import("mysql2/promise");
  const pool = createPool({
    ...(server.protocol === "unix"
      ? { socketPath: server.host }
      : { host: server.host, port: server.port }),
    user: server.user,
    password: server.password,
    database: server.database,
    ...(ssl === undefined ? {} : { ssl }),
    connectTimeout: milliseconds(server.params.get("timeout")),
    // Times go in and come out as text and numbers, in UTC, whatever the server's own zone is.
    timezone: "Z",
    connectionLimit: 4,
    enableKeepAlive: true,
  });
  const made = new MysqlTable(pool);
  try {
    await made.create();
    return made;
  } catch (failure) {
    await pool.end();
    throw failure;
  }
}

class MysqlTable implements IndexTable {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  create(): Promise<void> {
    return this.#connected(async (connection) => {
      await connection.query(table);
    });
  }

  add(modules: readonly ModuleVersion[], nowMicros: number): Promise<void> {
    return this.#connected(async (connection) => {
      await inTurn(connection, async () => {
        for (const { path, version } of modules) {
          await connection.query(
            `INSERT IGNORE INTO indexes (path, version, timestamp)
             SELECT ?, ?, greatest(CAST(? AS DATETIME(6)),
               coalesce(max(timestamp) + INTERVAL 1 MICROSECOND, '1971-01-01')) FROM indexes`,
            [path, version, sqlTime(nowMicros)],
          );
        }
      });
    });
  }

  remove(modules: readonly ModuleVersion[]): Promise<void> {
    return this.#connected(async (connection) => {
      for (const { path, version } of modules) {
        await connection.query(
          // The columns know no case, versions do.
          "DELETE FROM indexes WHERE path = ? AND version = ? AND BINARY path = ? AND BINARY version = ?",
          [path, version, path, version],
        );
      }
    });
  }

  since(
    atMicros: number,
    limit: number,
  ): Promise<readonly { path: unknown; version: unknown; at: unknown }[]> {
    return this.#connected(async (connection) => {
      const [rows] = await connection.query<RowDataPacket[]>(
        `SELECT path, version, CAST(unix_timestamp(timestamp) * 1000000 AS UNSIGNED) AS at
         FROM indexes WHERE timestamp >= ? ORDER BY timestamp, id LIMIT ?`,
        [sqlTime(Math.max(1e6, atMicros)), limit],
      );
      return rows.map(({ path, version, at }) => ({ path, version, at }));
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.end();
  }

  async #connected<T>(work: (connection: PoolConnection) => Promise<T>): Promise<T> {
    const connection = await this.#pool.getConnection();
    try {
      await connection.query("SET time_zone = '+00:00'");
      const result = await work(connection);
      connection.release();
      return result;
    } catch (failure) {
      connection.destroy();
      throw failure;
    }
  }
}

async function inTurn(connection: PoolConnection, work: () => Promise<void>): Promise<void> {
  const [rows] = await connection.query<RowDataPacket[]>("SELECT get_lock(?, ?) AS held", [
    turn,
    turnSeconds,
  ]);
  if (rows[0]?.["held"] !== 1) throw new Error(`others hold the lock ${turn} for too long`);
  await work();
  await connection.query("DO release_lock(?)", [turn]);
}

function knowsNoTls(failure: unknown): boolean {
  return (
    failure instanceof Error && "code" in failure && failure.code === "HANDSHAKE_NO_SSL_SUPPORT"
  );
}

/** A Go duration in whole seconds, as Athens' own value `30s`. */
function milliseconds(text = "30s"): number {
  const seconds = Number.parseInt(text, 10);
  return Number.isNaN(seconds) ? 30_000 : seconds * 1000;
}
