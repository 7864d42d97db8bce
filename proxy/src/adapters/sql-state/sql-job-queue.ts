// The queue of versions to be fetched, in the proxy's state.
import { type ModuleVersion, parseModulePath, parseVersion } from "@stoa/gomod";
import type { Job, JobCounts, JobQueue } from "../../domain/job-queue.ts";
import type { SqlDatabase, SqlRow, SqlValue } from "./sql-database.ts";
import { translating } from "./state-failure.ts";

/** Those given up are kept for people to see, but not for ever. */
const mostGivenUp = 1000;

/** A `JobQueue` in a database. `mostJobs` bounds how many may wait, roughly when several processes add at once. */
export class SqlJobQueue implements JobQueue {
  readonly #database: SqlDatabase;
  readonly #mostJobs: number;

  constructor(database: SqlDatabase, { mostJobs }: { readonly mostJobs: number }) {
    this.#database = database;
    this.#mostJobs = mostJobs;
  }

  async add(
    { path, version }: ModuleVersion,
    now: Date,
    upstreams?: string | undefined,
  ): Promise<"added" | "known" | "full"> {
    const time = now.getTime();
    const added = await this.#change(
      `INSERT INTO stoa_job (path, version, state, attempts, added_ms, due_ms, reason, upstreams)
       SELECT ?, ?, 'waiting', 0, CAST(? AS BIGINT), CAST(? AS BIGINT), '', CAST(? AS TEXT)
       WHERE (SELECT count(*) FROM stoa_job WHERE state = 'waiting') < ?
       ON CONFLICT (path, version) DO UPDATE SET
         state = excluded.state, attempts = excluded.attempts, added_ms = excluded.added_ms,
         due_ms = excluded.due_ms, reason = excluded.reason, upstreams = excluded.upstreams
       WHERE stoa_job.due_ms <= excluded.added_ms AND (stoa_job.state = 'given_up'
         OR stoa_job.upstreams IS DISTINCT FROM excluded.upstreams)`,
      ...[path, version, time, time, upstreams ?? null, this.#mostJobs],
    );
    if (added > 0) return "added";
    const known = await this.#rows(
      "SELECT 1 FROM stoa_job WHERE path = ? AND version = ? AND (state = 'waiting' OR due_ms > ?)",
      ...[path, version, time],
    );
    return known.length > 0 ? "known" : "full";
  }

  async take(
    limit: number,
    now: Date,
    until: Date,
    left: readonly ModuleVersion[] = [],
  ): Promise<readonly Job[]> {
    const rows = await this.#rows(
      `UPDATE stoa_job SET due_ms = ? WHERE (path, version) IN (
         SELECT path, version FROM stoa_job WHERE state = 'waiting' AND due_ms <= ? ${butFor(left)}
         ORDER BY due_ms LIMIT ? ${this.#database.skipLocked}
       ) RETURNING *`,
      ...[until.getTime(), now.getTime(), ...namesOf(left), limit],
    );
    return rows.map(toJob);
  }

  async hold({ path, version }: ModuleVersion, until: Date): Promise<void> {
    await this.#change(
      "UPDATE stoa_job SET due_ms = ? WHERE path = ? AND version = ? AND state = 'waiting'",
      ...[until.getTime(), path, version],
    );
  }

  async finish({ path, version }: ModuleVersion): Promise<void> {
    await this.#change("DELETE FROM stoa_job WHERE path = ? AND version = ?", path, version);
  }

  async postpone(
    { path, version }: ModuleVersion,
    { state, attempts, due, reason }: Pick<Job, "state" | "attempts" | "due" | "reason">,
  ): Promise<void> {
    await this.#change(
      "UPDATE stoa_job SET state = ?, attempts = ?, due_ms = ?, reason = ? WHERE path = ? AND version = ?",
      ...[state, attempts, due.getTime(), reason, path, version],
    );
    if (state === "waiting") return;
    await this.#change(
      `DELETE FROM stoa_job WHERE state = 'given_up' AND (path, version) IN (
         SELECT path, version FROM stoa_job WHERE state = 'given_up' ORDER BY due_ms DESC
         LIMIT 1000000 OFFSET ?
       )`,
      mostGivenUp,
    );
  }

  async nextDue(left: readonly ModuleVersion[] = []): Promise<Date | undefined> {
    const [row] = await this.#rows(
      `SELECT min(due_ms) AS due_ms FROM stoa_job WHERE state = 'waiting' ${butFor(left)}`,
      ...namesOf(left),
    );
    const due = row?.["due_ms"] ?? undefined;
    return due === undefined ? undefined : new Date(Number(due));
  }

  async counts(): Promise<JobCounts> {
    const rows = await this.#rows("SELECT state, count(*) AS jobs FROM stoa_job GROUP BY state");
    const of = (state: string): number =>
      Number(rows.find((row) => row["state"] === state)?.["jobs"] ?? 0);
    return { waiting: of("waiting"), givenUp: of("given_up") };
  }

  async list(limit: number): Promise<readonly Job[]> {
    const rows = await this.#rows(
      "SELECT * FROM stoa_job ORDER BY state DESC, due_ms LIMIT ?",
      limit,
    );
    return rows.map(toJob);
  }

  /** Makes all jobs due that a process had taken: only for a database that no other process uses. */
  async releaseTaken(): Promise<void> {
    const waiting = await this.#rows("SELECT 1 FROM stoa_job WHERE state = 'waiting' LIMIT 1");
    if (waiting.length > 0) {
      await this.#change("UPDATE stoa_job SET due_ms = 0 WHERE state = 'waiting'");
    }
  }

  #rows(statement: string, ...values: readonly SqlValue[]): Promise<readonly SqlRow[]> {
    return translating("the queue of background fetches", () =>
      this.#database.rows(statement, ...values),
    );
  }

  #change(statement: string, ...values: readonly SqlValue[]): Promise<number> {
    return translating("the queue of background fetches", () =>
      this.#database.change(statement, ...values),
    );
  }
}

function toJob(row: SqlRow): Job {
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
    upstreams: typeof row["upstreams"] === "string" ? row["upstreams"] : undefined,
  };
}

/** The words by which versions are passed over that are given as `namesOf`. */
function butFor(left: readonly ModuleVersion[]): string {
  if (left.length === 0) return "";
  return `AND (path, version) NOT IN (VALUES ${left.map(() => "(?, ?)").join(", ")})`;
}

function namesOf(left: readonly ModuleVersion[]): readonly string[] {
  return left.flatMap(({ path, version }) => [path, version]);
}
