// An older and a newer Stoa have their state in one database.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, test } from "node:test";
import { parseModulePath, parseVersion } from "@stoa/gomod";
import { Client } from "pg";
import { noPostgres, type PostgresServer, startPostgres } from "../../testing/postgres-server.ts";
import { openState, type ProxyState, type StatePlace } from "./open-state.ts";
import { schemaSteps } from "./sql-database.ts";

/** What a Stoa of a year ago knew. */
const oldSteps = schemaSteps.slice(0, 4);

/** What one of next year may add: tables, and columns that may be empty. */
const newSteps = [
  "CREATE TABLE stoa_of_next_year (name TEXT PRIMARY KEY)",
  "ALTER TABLE stoa_job ADD COLUMN priority BIGINT",
];

const module = { path: parseModulePath("example.com/m"), version: parseVersion("v1.0.0") };

/** Everything that an older one already did. */
async function usesState(state: ProxyState): Promise<void> {
  const now = new Date(1000);
  await state.jobs.add(module, now);
  const [job] = await state.jobs.take(1, now, new Date(2000));
  assert.deepEqual(job?.module, module);
  await state.jobs.finish(module);
  assert.ok(await state.leases.take("name", "holder", 1000));
  await state.leases.release("name", "holder");
  await state.bookmarks.write("crawl", "here");
  assert.equal(await state.bookmarks.read("crawl"), "here");
}

interface Engine {
  readonly place: StatePlace;
  /** Carries statements out, and says what is counted as taken. */
  apply(steps: readonly string[], taken: number): Promise<void>;
  taken(): Promise<number>;
}

function upgradeContract(name: string, skip: string | false, open: () => Promise<Engine>): void {
  test(`${name}: what an older Stoa has made is extended, once, by however many start`, {
    skip,
  }, async () => {
    const engine = await open();
    await engine.apply(oldSteps, oldSteps.length);
    const opening = Array.from({ length: 5 }, () => openState(engine.place, { mostJobs: 5 }));
    for (const state of await Promise.all(opening)) {
      await usesState(state);
      await state[Symbol.asyncDispose]();
    }
    assert.equal(await engine.taken(), schemaSteps.length);
  });

  test(`${name}: one that runs goes on when a newer one extends it, and one that starts then does, too`, {
    skip,
  }, async () => {
    const engine = await open();
    await using running = await openState(engine.place, { mostJobs: 5 });
    await usesState(running);
    const all = schemaSteps.length + newSteps.length;
    await engine.apply(newSteps, all);
    await usesState(running);
    await using starting = await openState(engine.place, { mostJobs: 5 });
    await usesState(starting);
    assert.equal(await engine.taken(), all);
  });

  test(`${name}: the digest of a zip does not count for a hash that an older Stoa has written since`, {
    skip,
  }, async () => {
    const engine = await open();
    await using state = await openState(engine.place, { mostJobs: 5 });
    const entry = { zip: "h1:a", mod: "h1:m", database: undefined, zipDigest: "of h1:a" };
    await state.hashes.write(module, entry);
    const olderWrites = (zip: string): string =>
      `INSERT INTO stoa_hash (path, version, zip, go_mod, verified_by)
       VALUES ('example.com/m', 'v1.0.0', '${zip}', 'h1:m', NULL)
       ON CONFLICT (path, version) DO UPDATE SET
         zip = excluded.zip, go_mod = excluded.go_mod, verified_by = excluded.verified_by`;
    await engine.apply([olderWrites("h1:a")], await engine.taken());
    assert.deepEqual(await state.hashes.read(module), entry);
    await engine.apply([olderWrites("h1:b")], await engine.taken());
    const read = await state.hashes.read(module);
    assert.deepEqual(read, { ...entry, zip: "h1:b", zipDigest: undefined });
    await state.hashes.write(module, { ...entry, zip: "h1:b", zipDigest: "of h1:b" });
    assert.equal((await state.hashes.read(module))?.zipDigest, "of h1:b");
  });
}

describe("state in a file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "stoa-upgrade-"));
  after(() => rm(folder, { recursive: true, force: true }));
  let files = 0;
  upgradeContract("a file", false, async () => {
    files += 1;
    const file = join(folder, `state-${files}.sqlite`);
    return {
      place: { kind: "sqlite", file },
      async apply(steps, taken) {
        using database = new DatabaseSync(file);
        for (const step of steps) database.exec(step);
        database.exec(`PRAGMA user_version = ${taken}`);
      },
      async taken() {
        using database = new DatabaseSync(file);
        return Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
      },
    };
  });
});

describe("state in PostgreSQL", { skip: noPostgres }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server[Symbol.asyncDispose]());

  upgradeContract("PostgreSQL", noPostgres, async () => {
    const asked = async (...statements: readonly string[]): Promise<unknown> => {
      const client = new Client({ connectionString: server.url });
      await client.connect();
      try {
        let rows: readonly unknown[] = [];
        for (const statement of statements) ({ rows } = await client.query(statement));
        return rows[0];
      } finally {
        await client.end();
      }
    };
    await asked("DROP SCHEMA public CASCADE", "CREATE SCHEMA public");
    return {
      place: { kind: "postgres", url: server.url },
      async apply(steps, taken) {
        const marks = Array.from(
          { length: taken },
          (_, at) => `INSERT INTO stoa_schema VALUES (${at}) ON CONFLICT DO NOTHING`,
        );
        const table = "CREATE TABLE IF NOT EXISTS stoa_schema (step BIGINT PRIMARY KEY)";
        await asked(table, ...steps, ...marks);
      },
      async taken() {
        const row = await asked("SELECT count(*) AS taken FROM stoa_schema");
        return Number((row as { taken: string }).taken);
      },
    };
  });
});
