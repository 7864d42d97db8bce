// The feed of new versions, in an SQLite database.
import { rmSync } from "node:fs";
import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import { type ModuleVersion, parseModulePath, parseVersion } from "@stoa/gomod";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import type { FillProgress, IndexEntry, VersionIndex } from "../../domain/version-index.ts";

/** Milliseconds a statement waits while another process writes. Nothing else runs meanwhile. */
const busyMs = 2000;

/**
 * Nothing is flushed: the death of the process costs nothing, and after a power failure that has spoilt the file it is
 * begun anew and filled from what is kept.
 */
const schema = `
  PRAGMA synchronous = OFF;
  CREATE TABLE IF NOT EXISTS version (
    path TEXT NOT NULL,
    version TEXT NOT NULL,
    at_us INTEGER NOT NULL UNIQUE,
    PRIMARY KEY (path, version)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS filling (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    next TEXT
  ) STRICT;
`;

const insertion = `
  INSERT OR IGNORE INTO version
  VALUES (?, ?, max(?, (SELECT coalesce(max(at_us), 0) + 1 FROM version)))
`;

/**
 * The index in a file, which is created if it is missing and begun anew if it is spoilt, or in `:memory:`. The file is
 * open only while it is used, so that its disk can be unmounted or made read-only. Throws a sentence if it cannot be used.
 */
export function openSqliteVersionIndex(file: string): VersionIndex & Disposable {
  try {
    return new SqliteVersionIndex(file);
  } catch (cause) {
    throw new Error(
      `the index of versions in ${file} cannot be opened (${messageOf(cause)}): check its folder and its permissions`,
      { cause },
    );
  }
}

class SqliteVersionIndex implements VersionIndex, Disposable {
  readonly #file: string;
  /** In memory there is nothing but the connection. */
  readonly #memory: DatabaseSync | undefined;

  constructor(file: string) {
    this.#file = file;
    this.#memory = file === ":memory:" ? open(file) : undefined;
    this.#memory?.exec(schema);
    this.#use((database) => database.prepare("SELECT * FROM version LIMIT 1").get());
  }

  async add(modules: readonly ModuleVersion[]): Promise<void> {
    this.#translating((database) => atomically(database, () => insert(database, modules)));
  }

  async remove(modules: readonly ModuleVersion[]): Promise<void> {
    this.#translating((database) =>
      atomically(database, () => {
        const deletion = database.prepare("DELETE FROM version WHERE path = ? AND version = ?");
        for (const { path, version } of modules) deletion.run(path, version);
      }),
    );
  }

  async filling(): Promise<FillProgress> {
    const row = this.#translating((database) => database.prepare("SELECT next FROM filling").get());
    if (row === undefined) return { isDone: false, next: undefined };
    const next = row["next"];
    return typeof next === "string" ? { isDone: false, next } : { isDone: true, next: undefined };
  }

  async fill(modules: readonly ModuleVersion[], next: string | undefined): Promise<void> {
    this.#translating((database) =>
      atomically(database, () => {
        insert(database, modules);
        database.prepare("INSERT OR REPLACE INTO filling VALUES (1, ?)").run(next ?? null);
      }),
    );
  }

  async since(atMicros: number, limit: number): Promise<readonly IndexEntry[]> {
    return this.#translating((database) =>
      database
        .prepare("SELECT * FROM version WHERE at_us >= ? ORDER BY at_us LIMIT ?")
        .all(atMicros, limit)
        .map(toEntry),
    );
  }

  [Symbol.dispose](): void {
    this.#memory?.close();
  }

  #translating<T>(work: (database: DatabaseSync) => T): T {
    try {
      return this.#use(work);
    } catch (cause) {
      throw new ProxyFailure(
        "store_unavailable",
        `the index of versions failed: ${messageOf(cause)}`,
        { cause },
      );
    }
  }

  #use<T>(work: (database: DatabaseSync) => T): T {
    if (this.#memory !== undefined) return work(this.#memory);
    try {
      return useOnce(this.#file, work);
    } catch (failure) {
      if (!isSpoilt(failure)) throw failure;
      rmSync(this.#file, { force: true });
      return useOnce(this.#file, work);
    }
  }
}

function insert(database: DatabaseSync, modules: readonly ModuleVersion[]): void {
  const statement = database.prepare(insertion);
  const now = Date.now() * 1000;
  for (const { path, version } of modules) statement.run(path, version, now);
}

function atomically(database: DatabaseSync, work: () => void): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    work();
    database.exec("COMMIT");
  } catch (failure) {
    database.exec("ROLLBACK");
    throw failure;
  }
}

function open(file: string): DatabaseSync {
  return new DatabaseSync(file, { timeout: busyMs });
}

function useOnce<T>(file: string, work: (database: DatabaseSync) => T): T {
  const database = open(file);
  try {
    database.exec(schema);
    return work(database);
  } finally {
    database.close();
  }
}

/** SQLITE_CORRUPT and SQLITE_NOTADB. */
function isSpoilt(failure: unknown): boolean {
  const code = failure instanceof Error && "errcode" in failure ? failure.errcode : undefined;
  return code === 11 || code === 26;
}

function messageOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
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
