import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { parseModulePath, parseVersion } from "@stoa/gomod";
import { type MysqlServer, noMysql, startMysql } from "../../testing/mysql-server.ts";
import { noPostgres, type PostgresServer, startPostgres } from "../../testing/postgres-server.ts";
import { openAthensIndex } from "./athens-index.ts";
import type { IndexServer } from "./index-table.ts";

const module = (path: string, version: string) => ({
  path: parseModulePath(path),
  version: parseVersion(version),
});

/** What both engines do. `asAthens` runs a statement on the same database, as Athens would. */
function tableContract(
  name: string,
  skip: string | false,
  server: () => IndexServer,
  asAthens: (statement: string) => Promise<void>,
): void {
  describe(`the index in Athens' table in ${name}`, { skip }, () => {
    test("is empty, and then has each version once in the order it came", async () => {
      await using index = await openAthensIndex(server());
      assert.deepEqual(await index.since(0, 10), []);
      const before = Date.now() * 1000;
      await index.add([module("example.com/a", "v1.0.0"), module("example.com/b", "v1.0.0")]);
      await index.add([module("example.com/a", "v1.0.0"), module("example.com/A", "v1.0.0-RC1")]);
      const entries = await index.since(0, 10);
      assert.deepEqual(
        entries.map(({ module: { path, version } }) => `${path}@${version}`),
        ["example.com/a@v1.0.0", "example.com/b@v1.0.0", "example.com/A@v1.0.0-RC1"],
      );
      const times = entries.map(({ atMicros }) => atMicros);
      assert.deepEqual(
        times,
        [...new Set(times)].toSorted((a, b) => a - b),
      );
      assert.ok((times[0] ?? 0) >= before && (times[0] ?? 0) < before + 60e6, `${times[0]}`);
      assert.deepEqual(await index.since(times[1] ?? 0, 1), entries.slice(1, 2));
      assert.deepEqual(await index.since(times[1] ?? 0, 9), entries.slice(1));
    });

    test("is filled by several instances at once, with times that never go back", async () => {
      await using index = await openAthensIndex(server());
      await using other = await openAthensIndex(server());
      await Promise.all(
        Array.from({ length: 30 }, (_, n) =>
          (n % 2 === 0 ? index : other).add([module("example.com/many", `v1.0.${n}`)]),
        ),
      );
      const entries = await index.since(0, 1000);
      const times = entries.map(({ atMicros }) => atMicros);
      assert.equal(new Set(times).size, 33);
    });

    test("has what Athens wrote, a version that is none of ours included", async () => {
      await asAthens(
        "INSERT INTO indexes (path, version, timestamp) VALUES ('example.com/theirs', 'v2.0.0', '2020-02-03 04:05:06.789')",
      );
      await using index = await openAthensIndex(server());
      const [first] = await index.since(0, 1);
      assert.equal(first?.module.path, "example.com/theirs");
      assert.equal(first?.atMicros, Date.parse("2020-02-03T04:05:06.789Z") * 1000);
      await index.add([module("example.com/theirs", "v2.0.0")]);
      assert.equal((await index.since(0, 1000)).length, 34);
    });

    test("forgets just what is removed, whatever its case, and what is not there", async () => {
      await using index = await openAthensIndex(server());
      const before = await index.since(0, 1000);
      await index.remove([
        module("example.com/THEIRS", "v2.0.0"),
        module("example.com/many", "v1.0.7"),
        module("example.com/absent", "v1.0.0"),
      ]);
      const after = await index.since(0, 1000);
      assert.deepEqual(
        after,
        before.filter(({ module: { version } }) => version !== "v1.0.7"),
      );
      assert.equal(after.length, before.length - 1);
    });

    test("cannot be opened with a wrong database: one sentence that names the keys", async () => {
      await assert.rejects(openAthensIndex({ ...server(), database: "absent" }), {
        message: /database absent \(.+\): check the keys of \[Index\.(MySQL|Postgres)\]/,
      });
      await assert.rejects(openAthensIndex({ ...server(), port: 1 }), {
        message: /ECONNREFUSED.*check the keys of/,
      });
    });
  });
}

describe("PostgreSQL", { skip: noPostgres }, () => {
  let running: PostgresServer;
  before(async () => {
    running = await startPostgres();
  });
  after(() => running[Symbol.asyncDispose]());

  tableContract(
    "PostgreSQL",
    false,
    () => {
      const { hostname: host, port } = new URL(running.url);
      return {
        engine: "postgres",
        protocol: "tcp",
        host,
        port: Number(port),
        user: "stoa",
        password: "",
        database: "postgres",
        // What Athens' sample file says, and Athens' driver refuses.
        params: new Map([["connect_timeout", "30s"]]),
      };
    },
    async (statement) => {
      const { Client } = (await import("pg")).default;
      const client = new Client({ connectionString: running.url });
      await client.connect();
      await client.query(statement);
      await client.end();
    },
  );
});

describe("MySQL", { skip: noMysql }, () => {
  let running: MysqlServer;
  const server = (): IndexServer => ({
    engine: "mysql",
    protocol: "tcp",
    host: "127.0.0.1",
    port: running.port,
    user: "athens",
    password: "secret",
    database: "athens",
    params: new Map([
      ["parseTime", "true"],
      ["timeout", "30s"],
    ]),
  });
  before(async () => {
    running = await startMysql();
  });
  after(() => running[Symbol.asyncDispose]());

  tableContract("MySQL", false, server, async (statement) => {
    const { createConnection } = await import("mysql2/promise");
    const { host, port, user, password, database } = server();
    const connection = await createConnection({ host, port, user, password, database });
    await connection.query("SET time_zone = '+00:00'");
    await connection.query(statement);
    await connection.end();
  });
});
