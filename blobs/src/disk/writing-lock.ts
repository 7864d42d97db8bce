// One writer at a time in a folder, over all processes of this machine.
import type { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";

const firstPauseMs = 1;
const longestPauseMs = 50;

/**
 * The lock is that of a SQLite file, which nothing is ever written to: the operating system releases it when its holder
 * dies, however it dies.
 */
export class WritingLock {
  readonly #path: string;
  #database: DatabaseSync | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  /** Runs the work while nobody else runs any. Waits as long as it takes. */
  during<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#turn.then(() => this.#locked(work));
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    this.#database ??= await openDatabase(this.#path);
    for (let pauseMs = firstPauseMs; !tryToBegin(this.#database); ) {
      await pause(pauseMs);
      pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    }
    try {
      return await work();
    } finally {
      this.#database.exec("ROLLBACK");
    }
  }
}

/**
 * Whoever only reads does not carry SQLite. Its journal, which it begins for an empty file, is kept in memory: on a disk without
 * room there is still a lock, and what is removed makes room again.
 */
async function openDatabase(path: string): Promise<DatabaseSync> {
  const { DatabaseSync } = await import("node:sqlite");
  const database = new DatabaseSync(path, { timeout: 0 });
  database.exec("PRAGMA journal_mode = MEMORY");
  return database;
}

function tryToBegin(database: DatabaseSync): boolean {
  try {
    database.exec("BEGIN IMMEDIATE");
    return true;
  } catch (failure) {
    if (failure instanceof Error && "errcode" in failure && failure.errcode === sqliteBusy)
      return false;
    throw failure;
  }
}

/** Authority: sqlite.org/rescode.html#busy. */
const sqliteBusy = 5;
