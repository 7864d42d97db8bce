// Answers of upstreams in PostgreSQL, for all instances that have their state there.
import type { Client } from "pg";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import type {
  AnswerFollowing,
  AnswerName,
  SharedAnswers,
  SharedReading,
} from "../../domain/shared-answers.ts";
import { PostgresWatch } from "./postgres-watch.ts";
import type { SqlDatabase, SqlRow } from "./sql-database.ts";
import { translating } from "./state-failure.ts";

const what = "what the instances share about upstreams' answers";

/** Tells nothing but that something has changed: every role of a database may listen, and module names are not for all. */
const channel = "stoa_answer";

/** How long one statement is waited for: an answer that is shared spares a question, and must not cost more than one. */
const patienceMs = 1_000;
/** After a statement that failed, how long none is tried unless a look has succeeded. */
const restMs = 5_000;
/** Longer than any statement runs: what it writes it may have dated at its beginning. */
const overlapMs = 15_000;
/** More changes than this at once are told as `all`. */
const mostChanges = 1_000;
/** What nobody has asked for in this time is not kept for an outage either. */
const keptMs = 30 * 86_400_000;
const tidyMs = 3_600_000;

/** `SharedAnswers` in the table `stoa_answer`. The database is not its own to close. */
export class PostgresAnswers implements SharedAnswers {
  readonly #database: SqlDatabase;
  readonly #url: string;
  #restsUntilMs = 0;

  constructor(database: SqlDatabase, url: string) {
    this.#database = database;
    this.#url = url;
  }

  async read({ kind, key }: AnswerName): Promise<SharedReading> {
    const [path, query] = parts(key);
    const [row] = await this.#rows(
      `SELECT ${this.#database.nowMs} AS now_ms, answer, asked_ms
       FROM (SELECT 1) one LEFT JOIN stoa_answer ON kind = ? AND path = ? AND query = ?`,
      ...[kind, path, query],
    );
    const text = row?.["answer"] ?? undefined;
    return {
      nowMs: Number(row?.["now_ms"]),
      answer:
        text === undefined ? undefined : { text: String(text), askedMs: Number(row?.["asked_ms"]) },
    };
  }

  async write(
    { kind, key }: AnswerName,
    text: string | undefined,
    askedMs: number,
  ): Promise<boolean> {
    const [path, query] = parts(key);
    const written = await this.#rows(
      `WITH written AS (
         INSERT INTO stoa_answer (kind, path, query, answer, asked_ms, changed_ms)
         VALUES (?, ?, ?, ?, ?, ${this.#database.nowMs})
         ON CONFLICT (kind, path, query) DO UPDATE SET
           answer = excluded.answer,
           asked_ms = excluded.asked_ms,
           changed_ms = CASE
             WHEN stoa_answer.answer IS NOT DISTINCT FROM excluded.answer THEN stoa_answer.changed_ms
             ELSE excluded.changed_ms
           END
         WHERE stoa_answer.asked_ms <= excluded.asked_ms
         RETURNING asked_ms, changed_ms
       )
       SELECT CASE WHEN changed_ms >= asked_ms THEN pg_notify('${channel}', '')::text END AS told
       FROM written`,
      ...[kind, path, query, text ?? null, askedMs],
    );
    return written.length > 0;
  }

  async forgetQueries(kind: string, path: string): Promise<void> {
    const now = this.#database.nowMs;
    await this.#rows(
      `WITH forgotten AS (
         UPDATE stoa_answer SET answer = NULL, asked_ms = ${now}, changed_ms = ${now}
         WHERE kind = ? AND path = ? RETURNING 1
       )
       SELECT pg_notify('${channel}', '')::text AS told FROM forgotten LIMIT 1`,
      ...[kind, path],
    );
  }

  follow(tell: (changed: readonly AnswerName[] | "all") => void): AnswerFollowing {
    const changes = new Changes(this.#database.nowMs);
    let tidiedMs = performance.now();
    return new PostgresWatch(this.#url, channel, async (client) => {
      const news = await changes.next(client);
      this.#restsUntilMs = 0;
      if (news === "all" || news.length > 0) tell(news);
      if (performance.now() - tidiedMs < tidyMs) return;
      tidiedMs = performance.now();
      await this.#rows(
        `DELETE FROM stoa_answer WHERE asked_ms < ${this.#database.nowMs} - ?`,
        keptMs,
      ).catch(() => undefined); // in an hour, then
    });
  }

  /** Bounded: what takes longer is as if nobody answered. */
  async #rows(
    statement: string,
    ...values: readonly (string | number | null)[]
  ): Promise<readonly SqlRow[]> {
    if (performance.now() < this.#restsUntilMs) throw away();
    const patience = Promise.withResolvers<never>();
    const timer = setTimeout(() => patience.reject(away()), patienceMs);
    try {
      const rows = translating(what, () => this.#database.rows(statement, ...values));
      return await Promise.race([rows, patience.promise]);
    } catch (failure) {
      this.#restsUntilMs = performance.now() + restMs;
      throw failure;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** What has changed since the last look. Changes are dated, so that a connection that was lost has missed nothing. */
class Changes {
  readonly #nowMs: string;
  /** What was told already, with the date of the change. */
  #told = new Map<string, number>();
  #sinceMs: number | undefined;

  constructor(nowMs: string) {
    this.#nowMs = nowMs;
  }

  async next(client: Client): Promise<readonly AnswerName[] | "all"> {
    const { rows: clock } = await client.query<SqlRow>(`SELECT ${this.#nowMs} AS now_ms`);
    const nowMs = Number(clock[0]?.["now_ms"]);
    const sinceMs = (this.#sinceMs ?? nowMs) - overlapMs;
    const { rows } = await client.query<SqlRow>(
      "SELECT kind, path, query, changed_ms FROM stoa_answer WHERE changed_ms >= $1 LIMIT $2",
      [sinceMs, mostChanges + 1],
    );
    this.#sinceMs = nowMs;
    const told = this.#told;
    this.#told = new Map();
    if (rows.length > mostChanges) return "all";
    return rows.flatMap((row) => {
      const name = { kind: String(row["kind"]), key: keyOf(row) };
      const mark = `${name.kind} ${name.key}`;
      const changedMs = Number(row["changed_ms"]);
      this.#told.set(mark, changedMs);
      return told.get(mark) === changedMs ? [] : [name];
    });
  }
}

function away(): ProxyFailure {
  return new ProxyFailure("store_unavailable", `${what} cannot be reached now: ask again soon`);
}

/** No module path has an `@`. A list has no query. */
function parts(key: string): readonly [path: string, query: string] {
  const at = key.indexOf("@");
  return at < 0 ? [key, ""] : [key.slice(0, at), key.slice(at + 1)];
}

function keyOf(row: SqlRow): string {
  const [path, query] = [String(row["path"]), String(row["query"])];
  return query === "" ? path : `${path}@${query}`;
}
