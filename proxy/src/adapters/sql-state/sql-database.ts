// What the tables of the proxy's own state need from an SQL engine.

/** What is given to a statement, and what comes back. PostgreSQL tells big integers as text: read them with `Number`. */
export type SqlValue = string | number | null;
export type SqlRow = Readonly<Record<string, unknown>>;

/**
 * An SQL engine. Statements are written once, in what SQLite and PostgreSQL have in common, with `?` for each value, and
 * are atomic one by one. Rejects with the engine's own error; whoever calls translates.
 */
export interface SqlDatabase extends AsyncDisposable {
  /** The words by which rows that are about to be changed are passed over when another process changes them. */
  readonly skipLocked: string;
  /** The function that tells the greater of two numbers. */
  readonly greater: string;
  /** The database's own clock, in milliseconds since 1970: the one clock that all instances share. */
  readonly nowMs: string;
  /** The rows of a statement; none if nothing was ever written. */
  rows(statement: string, ...values: readonly SqlValue[]): Promise<readonly SqlRow[]>;
  /** Runs a statement that changes rows, and tells how many. Durable as the engine is set up. */
  change(statement: string, ...values: readonly SqlValue[]): Promise<number>;
  /**
   * Runs a statement once for each list of values, all or none, and after every earlier call of `changeInTurn`, in
   * whichever process, has been committed.
   */
  changeInTurn(statement: string, lists: readonly (readonly SqlValue[])[]): Promise<void>;
}

/** Each step is applied once per database, in this order. Steps only ever add, so that an older Stoa goes on beside a newer one. */
export const schemaSteps: readonly string[] = [
  `CREATE TABLE stoa_job (
     path TEXT NOT NULL,
     version TEXT NOT NULL,
     state TEXT NOT NULL CHECK (state IN ('waiting', 'given_up')),
     attempts BIGINT NOT NULL,
     added_ms BIGINT NOT NULL,
     due_ms BIGINT NOT NULL,
     reason TEXT NOT NULL,
     PRIMARY KEY (path, version)
   )`,
  "CREATE INDEX stoa_job_due ON stoa_job (state, due_ms)",
  `CREATE TABLE stoa_version (
     path TEXT NOT NULL,
     version TEXT NOT NULL,
     at_us BIGINT NOT NULL UNIQUE,
     PRIMARY KEY (path, version)
   )`,
  `CREATE TABLE stoa_hash (
     path TEXT NOT NULL,
     version TEXT NOT NULL,
     zip TEXT NOT NULL,
     go_mod TEXT NOT NULL,
     verified_by TEXT,
     PRIMARY KEY (path, version)
   )`,
  "CREATE TABLE stoa_lease (name TEXT PRIMARY KEY, holder TEXT NOT NULL, until_ms BIGINT NOT NULL)",
  `CREATE TABLE stoa_keeping (
     path TEXT NOT NULL,
     version TEXT NOT NULL,
     begun_ms BIGINT NOT NULL,
     PRIMARY KEY (path, version)
   )`,
  "CREATE TABLE stoa_filling (name TEXT PRIMARY KEY, next TEXT)",
  "CREATE TABLE stoa_bookmark (name TEXT PRIMARY KEY, place TEXT NOT NULL)",
  "CREATE TABLE stoa_use (path TEXT PRIMARY KEY, used_ms BIGINT NOT NULL)",
  `CREATE TABLE stoa_notice (
     id TEXT PRIMARY KEY,
     url TEXT NOT NULL,
     body TEXT NOT NULL,
     attempts BIGINT NOT NULL,
     due_ms BIGINT NOT NULL
   )`,
  `CREATE TABLE stoa_version_use (
     path TEXT NOT NULL,
     version TEXT NOT NULL,
     used_ms BIGINT NOT NULL,
     PRIMARY KEY (path, version)
   )`,
  `CREATE TABLE stoa_keep (
     name TEXT NOT NULL,
     path TEXT NOT NULL,
     version TEXT NOT NULL,
     at_ms BIGINT NOT NULL,
     PRIMARY KEY (name, path, version)
   )`,
  "CREATE INDEX stoa_keep_path ON stoa_keep (path)",
  `CREATE TABLE stoa_answer (
     kind TEXT NOT NULL,
     path TEXT NOT NULL,
     query TEXT NOT NULL,
     answer TEXT,
     asked_ms BIGINT NOT NULL,
     changed_ms BIGINT NOT NULL,
     PRIMARY KEY (kind, path, query)
   )`,
  "CREATE INDEX stoa_answer_changed ON stoa_answer (changed_ms)",
  "ALTER TABLE stoa_job ADD COLUMN upstreams TEXT",
  "ALTER TABLE stoa_hash ADD COLUMN zip_digest TEXT",
  // The h1 that goes with the digest: a Stoa that does not know of digests writes another `zip` and leaves these alone.
  "ALTER TABLE stoa_hash ADD COLUMN digested_zip TEXT",
];
