// Instances of different versions of Stoa on one storage, one state and one engine, as during an upgrade.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { noPostgres, type PostgresServer, schemaSteps, startPostgres } from "@stoa/proxy/testing";
import { until } from "./testing/bounded-wait.ts";
import { earlierProgram, earlierProgramIsMissing } from "./testing/earlier-program.ts";
import { type Fleet, type FleetOptions, startFleet } from "./testing/fleet.ts";
import { filePath, largeModule, smallModule } from "./testing/proxied-modules.ts";

/** The state of a Stoa that knew neither shared answers, nor notices, nor whom jobs are for. */
const oldSteps = schemaSteps.slice(0, 8);
/** What one of next year may add to tables. */
const newSteps = [
  "CREATE TABLE stoa_of_next_year (name TEXT PRIMARY KEY)",
  "ALTER TABLE stoa_job ADD COLUMN priority BIGINT",
  "ALTER TABLE stoa_answer ADD COLUMN weight BIGINT DEFAULT 1",
  "ALTER TABLE stoa_lease ADD COLUMN fence BIGINT",
];

describe("instances of different versions", { skip: noPostgres }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server[Symbol.asyncDispose]());

  const start = (options: Partial<FleetOptions>): Promise<Fleet> =>
    startFleet({
      instances: 2,
      env: {
        ATHENS_SINGLE_FLIGHT_TYPE: "postgres",
        STOA_STATE: server.url,
        ATHENS_DOWNLOAD_MODE: "sync",
        STOA_LIST_TTL: "1",
      },
      ...options,
    });

  test("take over what an older one has in the state, though they start at once", async () => {
    const marks = oldSteps.map((_, at) => `INSERT INTO stoa_schema VALUES (${at})`);
    await server.run(
      "CREATE TABLE stoa_schema (step BIGINT PRIMARY KEY)",
      ...oldSteps,
      ...marks,
      `INSERT INTO stoa_job (path, version, state, attempts, added_ms, due_ms, reason)
       VALUES ('example.com/accepted', 'v1.0.0', 'waiting', 0, 1, 1, '')`,
    );
    const accepted = await smallModule("example.com/accepted", "v1.0.0");
    await using fleet = await start({ modules: [accepted] });
    await until("what an older one has accepted", () =>
      [0, 1].some((at) => /version fetched in the background/.test(fleet.member(at).output())),
    );
    assert.equal(fleet.asked(filePath(accepted, "zip")), 1);
    for (const at of [0, 1]) assert.equal((await fleet.zip(at, accepted)).status, 200);
    await until(
      "its job to be done with",
      async () => (await server.run("SELECT count(*) FROM stoa_job")) === "0",
    );
  });

  test("go on when a newer one extends the state and writes otherwise, and those that start then do, too", async () => {
    const modules = await Promise.all(
      ["one", "two", "three"].map((name) => smallModule(`example.com/${name}`, "v1.0.0")),
    );
    await using fleet = await start({ modules });
    const list = "/example.com/one/@v/list";
    for (const at of [0, 1]) assert.equal((await fleet.ask(at, list)).text, "v1.0.0\n");
    const taken = schemaSteps.length;
    const marks = newSteps.map((_, at) => `INSERT INTO stoa_schema VALUES (${taken + at})`);
    await server.run(...newSteps, ...marks);
    await server.run(
      `UPDATE stoa_answer SET answer = '{"of": "next year"}', asked_ms = asked_ms + 1000000`,
      "UPDATE stoa_answer SET changed_ms = (extract(epoch FROM clock_timestamp()) * 1000)::bigint",
    );
    const goOn = async (name: string): Promise<void> => {
      const cold = await smallModule(`example.com/${name}`, "v1.0.0");
      fleet.upstream.add(cold);
      const zips = await Promise.all([0, 1, 0, 1].map((at) => fleet.zip(at, cold)));
      for (const zip of zips) assert.ok(zip.body.equals(Buffer.from(cold.zip)), zip.text);
      assert.equal(fleet.asked(filePath(cold, "zip")), 1);
      for (const at of [0, 1]) {
        assert.equal((await fleet.ask(at, list)).text, "v1.0.0\n");
        const queued = await fleet.ask(at, "/readyz");
        assert.equal(queued.status, 200, queued.text);
      }
    };
    await goOn("running");
    await fleet.replace(0);
    await goOn("replaced");
    assert.equal(
      await server.run("SELECT count(*) FROM stoa_schema"),
      `${taken + newSteps.length}`,
    );
  });

  test("find a state that is older than they are when a backup has taken its place, and go on", async () => {
    const modules = [await smallModule("example.com/backup", "v1.0.0")];
    await using fleet = await start({ modules });
    const list = "/example.com/backup/@v/list";
    assert.equal((await fleet.ask(0, list)).text, "v1.0.0\n");
    const marks = oldSteps.map((_, at) => `INSERT INTO stoa_schema VALUES (${at})`);
    await server.run(
      ...["DROP SCHEMA public CASCADE", "CREATE SCHEMA public"],
      ...["CREATE TABLE stoa_schema (step BIGINT PRIMARY KEY)", ...oldSteps, ...marks],
    );
    const cold = await smallModule("example.com/after", "v1.0.0");
    fleet.upstream.add(cold);
    for (const at of [0, 1]) {
      await until(
        "the state is used again",
        async () => (await fleet.zip(at, cold)).status === 200,
      );
      assert.equal((await fleet.ask(at, list)).text, "v1.0.0\n");
    }
    assert.equal(fleet.asked(filePath(cold, "zip")), 1);
  });

  test("an earlier program beside this one: one fetch for both, the same lists, and either may be killed", {
    skip: earlierProgramIsMissing(),
  }, async () => {
    const [listed, newer] = [
      await smallModule("example.com/listed", "v1.0.0"),
      await smallModule("example.com/listed", "v1.1.0"),
    ];
    await using earlier = await earlierProgram();
    await using fleet = await start({
      modules: [listed],
      program: (at) => (at === 0 ? earlier.file : undefined),
    });
    for (const [round, victim] of [0, 1].entries()) {
      const cold = await largeModule(`example.com/cold${round}`, "v1.0.0", 400_000);
      fleet.upstream.add(cold);
      const zip = filePath(cold, "zip");
      const zips = await Promise.all([0, 1, 0, 1, 0, 1].map((at) => fleet.zip(at, cold)));
      for (const answer of zips) assert.ok(answer.body.equals(Buffer.from(cold.zip)), answer.text);
      assert.equal(fleet.asked(zip), 1);

      const half = await largeModule(`example.com/half${round}`, "v1.0.0", 400_000);
      fleet.upstream.add(half);
      fleet.upstream.fail(filePath(half, "zip"), { drip: { bytes: 16_384, everyMs: 40 } });
      const broken = fleet.zip(victim, half).catch(() => undefined);
      await fleet.upstream.requested(filePath(half, "zip"));
      const other = fleet.zip(1 - victim, half);
      await fleet.member(victim).kill();
      await broken;
      assert.ok((await other).body.equals(Buffer.from(half.zip)));
      await fleet.replace(victim);
    }
    fleet.upstream.add(newer);
    for (const at of [0, 1]) {
      await until(`the list of instance ${at}`, async () => {
        return (await fleet.ask(at, "/example.com/listed/@v/list")).text === "v1.0.0\nv1.1.0\n";
      });
    }
  });
});
