// The feed of new versions, in an SQLite database.
import { DatabaseSync, type SQLOutputValue, type StatementSync } from "node:sqlite";
import { type ModuleVersion, parseModulePath, parseVersion } from "@stoa/gomod";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import type { IndexEntry, VersionIndex } from "../../domain/version-index.ts";

/** Milliseconds a statement waits while another process writes. Nothing else runs meanwhile. */
const busyMs = 2000;

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS version (
    path TEXT NOT NULL,
    version TEXT NOT NULL,
    at_us INTEGER NOT NULL UNIQUE,
    PRIMARY KEY (path, version)
  ) STRICT, WITHOUT ROWID;
`;

const insertion = `
  INSERT OR IGNORE INTO version
  VALUES (?, ?, max(?, (SELECT coalesce(max(at_us), 0) + 1 FROM version)))
`;

/** Opens the index in a file, creating it if it is missing, or `:memory:`. Throws a sentence if the file cannot be used. */
export function openSqliteVersionIndex(file: string): VersionIndex & Disposable {
  try {
    const database = new DatabaseSync(file, { timeout: busyMs });
    database.exec(schema);
    return new SqliteVersionIndex(database);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `the index of versions in ${file} cannot be opened (${why}): check its folder, or move the file away; it is then filled anew from what is kept`,
      { cause },
    );
  }
}

class SqliteVersionIndex implements VersionIndex, Disposable {
  readonly #database: DatabaseSync;
  readonly #insert: StatementSync;
  readonly #select: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#insert = database.prepare(insertion);
    this.#select = database.prepare(
      "SELECT * FROM version WHERE at_us >= ? ORDER BY at_us LIMIT ?",
    );
  }

  async add(modules: readonly ModuleVersion[]): Promise<void> {
    this.#translating(() => {
      this.#database.exec("BEGIN IMMEDIATE");
      try {
        const now = Date.now() * 1000;
        for (const { path, version } of modules) this.#insert.run(path, version, now);
        this.#database.exec("COMMIT");
      } catch (failure) {
        this.#database.exec("ROLLBACK");
        throw failure;
      }
    });
  }

  async since(atMicros: number, limit: number): Promise<readonly IndexEntry[]> {
    return this.#translating(() => this.#select.all(atMicros, limit).map(toEntry));
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }

  #translating<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new ProxyFailure("store_unavailable", `the index of versions failed: ${why}`, {
        cause,
      });
    }
  }
}

function toEntry(row: Record<string, SQLOutputValue>): IndexEntry {
  return {
    module: {
      path: parseModulePath(String(row["path"])),
      version: parseVersion(String(row["version"])),
    },
    atMicros: Number(row["at_us"]),
  };
}
