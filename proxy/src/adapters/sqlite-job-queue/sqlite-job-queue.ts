// The queue of versions to be fetched, in an SQLite database.
import { existsSync } from "node:fs";
import { DatabaseSync, type SQLOutputValue, type StatementSync } from "node:sqlite";
import { type ModuleVersion, parseModulePath, parseVersion } from "@stoa/gomod";
import type { Job, JobCounts, JobQueue } from "../../domain/job-queue.ts";
import { ProxyFailure } from "../../domain/proxy-failure.ts";

/** Milliseconds a statement waits while another process writes. Nothing else runs meanwhile. */
const busyMs = 2000;

/**
 * A write is in the operating system's hands when its call returns, so that it survives the death of the process; not
 * flushed, for that would hold up every request for milliseconds. What a power failure takes is asked for again.
 */
const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS job (
    path TEXT NOT NULL,
    version TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'given_up')),
    attempts INTEGER NOT NULL,
    added_ms INTEGER NOT NULL,
    due_ms INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (path, version)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS job_due ON job (state, due_ms);
`;

/** After this long without use the file is closed, so that its disk can be unmounted or made read-only. */
const idleMs = 1000;

/**
 * The queue in a file, or in `:memory:`. The file is created by the first job. Jobs that a process had taken when it died
 * are due at once. Throws a sentence if the file cannot be used. `mostJobs` bounds how many may wait.
 */
export function openSqliteJobQueue(
  file: string,
  { mostJobs }: { readonly mostJobs: number },
): JobQueue & Disposable {
  const connection = new QueueConnection(file, { readOnly: false });
  try {
    if (connection.exists) {
      connection.database().exec("UPDATE job SET due_ms = 0 WHERE state = 'waiting'");
    }
    return new SqliteJobQueue(connection, mostJobs);
  } catch (cause) {
    throw unusable(file, cause);
  }
}

/** What is in the queue of a file, which may be in use. */
export async function readSqliteJobQueue(
  file: string,
  limit: number,
): Promise<{ readonly counts: JobCounts; readonly jobs: readonly Job[] }> {
  using queue = new SqliteJobQueue(new QueueConnection(file, { readOnly: true }), 0);
  try {
    return { counts: queue.counts, jobs: await queue.list(limit) };
  } catch (cause) {
    throw unusable(file, cause);
  }
}

function unusable(file: string, cause: unknown): Error {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new Error(
    `the queue of background fetches in ${file} cannot be used (${why}): check its folder, or move the file away to begin a new queue`,
    { cause },
  );
}

/** A connection that is there when it is needed. */
class QueueConnection implements Disposable {
  readonly #file: string;
  readonly #readOnly: boolean;
  readonly #statements = new Map<string, StatementSync>();
  #database: DatabaseSync | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(file: string, { readOnly }: { readonly readOnly: boolean }) {
    this.#file = file;
    this.#readOnly = readOnly;
  }

  /** Whether there is a queue; without one there are no jobs. */
  get exists(): boolean {
    return this.#database !== undefined || existsSync(this.#file);
  }

  database(): DatabaseSync {
    if (this.#database === undefined) {
      this.#database = new DatabaseSync(this.#file, { timeout: busyMs, readOnly: this.#readOnly });
      if (!this.#readOnly) this.#database.exec(schema);
      if (this.#file !== ":memory:") {
        this.#idle = setTimeout(() => this[Symbol.dispose](), idleMs).unref();
      }
    }
    this.#idle?.refresh();
    return this.#database;
  }

  statement(sql: string): StatementSync {
    const database = this.database();
    const known = this.#statements.get(sql) ?? database.prepare(sql);
    this.#statements.set(sql, known);
    return known;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#idle);
    this.#statements.clear();
    this.#database?.close();
    this.#database = undefined;
  }
}

type Row = Record<string, SQLOutputValue>;

class SqliteJobQueue implements JobQueue, Disposable {
  readonly #connection: QueueConnection;
  readonly #mostJobs: number;

  constructor(connection: QueueConnection, mostJobs: number) {
    this.#connection = connection;
    this.#mostJobs = mostJobs;
  }

  async add({ path, version }: ModuleVersion, now: Date): Promise<"added" | "known" | "full"> {
    const time = now.getTime();
    const [known] = this.#all(
      "SELECT state, due_ms FROM job WHERE path = ? AND version = ?",
      path,
      version,
    );
    if (known !== undefined && (known["state"] === "waiting" || Number(known["due_ms"]) > time)) {
      return "known";
    }
    if (this.counts.waiting >= this.#mostJobs) return "full";
    this.#run(
      "INSERT OR REPLACE INTO job VALUES (?, ?, 'waiting', 0, ?, ?, '')",
      ...[path, version, time, time],
    );
    return "added";
  }

  async take(limit: number, now: Date, until: Date): Promise<readonly Job[]> {
    if (!this.#connection.exists) return [];
    const rows = this.#all(
      `UPDATE job SET due_ms = ? WHERE (path, version) IN (
         SELECT path, version FROM job WHERE state = 'waiting' AND due_ms <= ? ORDER BY due_ms LIMIT ?
       ) RETURNING *`,
      ...[until.getTime(), now.getTime(), limit],
    );
    return rows.map(toJob);
  }

  async finish({ path, version }: ModuleVersion): Promise<void> {
    this.#run("DELETE FROM job WHERE path = ? AND version = ?", path, version);
  }

  async postpone(
    { path, version }: ModuleVersion,
    { state, attempts, due, reason }: Pick<Job, "state" | "attempts" | "due" | "reason">,
  ): Promise<void> {
    this.#run(
      "UPDATE job SET state = ?, attempts = ?, due_ms = ?, reason = ? WHERE path = ? AND version = ?",
      ...[state, attempts, due.getTime(), reason, path, version],
    );
    // Those given up are kept for people to see, but not for ever.
    this.#run(
      `DELETE FROM job WHERE state = 'given_up' AND (path, version) NOT IN (
         SELECT path, version FROM job WHERE state = 'given_up' ORDER BY due_ms DESC LIMIT 1000
       )`,
    );
  }

  async nextDue(): Promise<Date | undefined> {
    if (!this.#connection.exists) return undefined;
    const [row] = this.#all("SELECT min(due_ms) AS due_ms FROM job WHERE state = 'waiting'");
    const due = row?.["due_ms"];
    return typeof due === "number" ? new Date(due) : undefined;
  }

  get counts(): JobCounts {
    if (!this.#connection.exists) return { waiting: 0, givenUp: 0 };
    const rows = this.#all("SELECT state, count(*) AS jobs FROM job GROUP BY state");
    const of = (state: string): number =>
      Number(rows.find((row) => row["state"] === state)?.["jobs"] ?? 0);
    return { waiting: of("waiting"), givenUp: of("given_up") };
  }

  async list(limit: number): Promise<readonly Job[]> {
    return this.#all("SELECT * FROM job ORDER BY state DESC, due_ms LIMIT ?", limit).map(toJob);
  }

  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
  }

  #all(sql: string, ...values: (string | number)[]): readonly Row[] {
    return this.#translating(() => this.#connection.statement(sql).all(...values));
  }

  #run(sql: string, ...values: (string | number)[]): void {
    this.#translating(() => this.#connection.statement(sql).run(...values));
  }

  #translating<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new ProxyFailure(
        "store_unavailable",
        `the queue of background fetches failed: ${why}`,
        { cause },
      );
    }
  }
}

function toJob(row: Row): Job {
  return {
    module: {
      path: parseModulePath(String(row["path"])),
      version: parseVersion(String(row["version"])),
    },
    attempts: Number(row["attempts"]),
    state: row["state"] === "waiting" ? "waiting" : "given_up",
    added: new Date(Number(row["added_ms"])),
    due: new Date(Number(row["due_ms"])),
    reason: String(row["reason"]),
  };
}
