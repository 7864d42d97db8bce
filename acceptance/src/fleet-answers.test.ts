// What one instance is told about lists and latest versions is known to all instances with the same state in PostgreSQL.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { noPostgres, type PostgresServer, startPostgres } from "@stoa/proxy/testing";
import { until } from "./testing/bounded-wait.ts";
import { type Fleet, startFleet } from "./testing/fleet.ts";
import { smallModule } from "./testing/proxied-modules.ts";
import { finishedStoa } from "./testing/stoa-process.ts";

const list = "/example.com/small/@v/list";
const latest = "/example.com/small/@latest";
const administrator = { authorization: "Bearer administrator" };

/** Says through one instance that there is something new about a module. */
async function refresh(fleet: Fleet, at: number, path: string): Promise<void> {
  const url = `${fleet.member(at).url}/api/modules/refresh`;
  const answer = await fetch(url, { method: "POST", body: path, headers: administrator });
  assert.equal(answer.status, 202, await answer.text());
}

describe("three instances whose state is in PostgreSQL", { skip: noPostgres }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server[Symbol.asyncDispose]());

  const env = (extra: Readonly<Record<string, string>> = {}): Record<string, string> => ({
    ATHENS_SINGLE_FLIGHT_TYPE: "postgres",
    STOA_STATE: server.url,
    STOA_LIST_TTL: "3600",
    STOA_ABSENCE_TTL: "3600",
    STOA_ADMIN_API: "true",
    STOA_ADMIN_TOKEN: "administrator",
    ...extra,
  });

  test("ask the upstream once, and a new version that one is told of is listed by all", async () => {
    const [older, newer] = await Promise.all(
      ["v1.0.0", "v1.1.0"].map((version) => smallModule("example.com/small", version)),
    );
    assert.ok(older !== undefined && newer !== undefined);
    await using fleet = await startFleet({ env: env(), modules: [older] });
    const everybody = [0, 1, 2, 0, 1, 2, 0, 1, 2];
    for (const path of [list, latest]) {
      const answers = await Promise.all(everybody.map((at) => fleet.ask(at, path)));
      for (const { status, text } of answers) {
        assert.equal(status, 200, text);
        assert.match(text, /v1\.0\.0/);
      }
      assert.equal(fleet.asked(path), 1, path);
    }

    fleet.upstream.add(newer);
    for (const at of [0, 1, 2]) assert.equal((await fleet.ask(at, list)).text, "v1.0.0\n");
    await refresh(fleet, 1, "example.com/small");
    assert.equal((await fleet.ask(1, list)).text, "v1.0.0\nv1.1.0\n");
    for (const at of [0, 2]) {
      await until(`the news at instance ${at}`, async () => {
        const [now, newest] = [await fleet.ask(at, list), await fleet.ask(at, latest)];
        return now.text === "v1.0.0\nv1.1.0\n" && newest.text.includes('"v1.1.0"');
      });
    }
    assert.equal(fleet.asked(list), 2);
    assert.equal(fleet.asked(latest), 2);
  });

  test("an absence that one remembers ends when another is told that there is something", async () => {
    await using fleet = await startFleet({ env: env() });
    const path = "/example.com/later/@v/list";
    for (const at of [0, 1, 2]) assert.equal((await fleet.ask(at, path)).status, 404);
    fleet.upstream.add(await smallModule("example.com/later", "v0.1.0"));
    assert.equal((await fleet.ask(2, path)).status, 404);
    await refresh(fleet, 0, "example.com/later");
    for (const at of [0, 1, 2]) {
      await until(`the list at instance ${at}`, async () => {
        return (await fleet.ask(at, path)).text === "v0.1.0\n";
      });
    }
  });

  test("a new instance gives out the last good answer when the upstream is down", async () => {
    const small = await smallModule("example.com/small", "v1.0.0");
    await using fleet = await startFleet({
      env: env({ STOA_LIST_TTL: "1" }),
      modules: [small],
      instances: 2,
    });
    assert.equal((await fleet.ask(0, list)).text, "v1.0.0\n");
    await fleet.upstream.close();
    await fleet.replace(0);
    const stale = await until("the answer is past its time", async () => {
      const answer = await fleet.ask(0, list);
      assert.equal(answer.status, 200, answer.text);
      return answer.headers.warning !== undefined && answer;
    });
    assert.equal(stale.text, "v1.0.0\n");
  });

  test("what happened while PostgreSQL was away is known when it is back, and until then each is on its own", async () => {
    const [older, newer, other] = [
      await smallModule("example.com/away", "v1.0.0"),
      await smallModule("example.com/away", "v1.1.0"),
      await smallModule("example.com/unknown", "v1.0.0"),
    ];
    const away = "/example.com/away/@v/list";
    const unknown = "/example.com/unknown/@v/list";
    await using fleet = await startFleet({ env: env(), modules: [older, other] });
    for (const at of [0, 1, 2]) assert.equal((await fleet.ask(at, away)).text, "v1.0.0\n");
    await server.kill();
    for (const at of [0, 1, 2]) {
      assert.equal((await fleet.ask(at, away)).text, "v1.0.0\n");
      assert.equal((await fleet.ask(at, unknown)).text, "v1.0.0\n");
    }
    assert.equal(fleet.asked(unknown), 3);
    fleet.upstream.add(newer);
    const told = await fetch(`${fleet.member(0).url}/api/modules/refresh`, {
      method: "POST",
      body: "example.com/away",
      headers: administrator,
    });
    assert.equal(told.status, 503, "who cannot tell the others says so");
    await server.start();
    await until("the state is used again", async () => {
      const url = `${fleet.member(0).url}/api/modules/refresh`;
      const { status } = await fetch(url, {
        method: "POST",
        body: "example.com/away",
        headers: administrator,
      });
      return status === 202;
    });
    for (const at of [0, 1, 2]) {
      await until(`the news at instance ${at}`, async () => {
        return (await fleet.ask(at, away)).text === "v1.0.0\nv1.1.0\n";
      });
    }
  });

  test("an empty PostgreSQL in its place costs no version and no restart, and reindexing brings the index back", async () => {
    const modules = await Promise.all(
      ["one", "two", "three"].map((name) => smallModule(`example.com/${name}`, "v1.0.0")),
    );
    const cold = await smallModule("example.com/cold", "v1.0.0");
    await using fleet = await startFleet({ env: env(), modules: [...modules, cold] });
    for (const [at, module] of modules.entries()) {
      assert.equal((await fleet.zip(at, module)).status, 200);
      assert.equal((await fleet.ask(at, list.replace("small", "one"))).text, "v1.0.0\n");
    }
    const indexed = async (at: number): Promise<number> =>
      (await fleet.ask(at, "/index")).text.split("\n").length - 1;
    await until("all are in the index", async () => (await indexed(1)) === 3);
    await server.replace();
    for (const [at, module] of modules.entries()) {
      assert.equal((await fleet.zip(at, module)).status, 200);
      assert.equal((await fleet.ask(at, list.replace("small", "one"))).text, "v1.0.0\n");
    }
    await until("a cold version is fetched", async () => {
      return (await fleet.zip(2, cold)).status === 200;
    });
    const { code, stderr } = await finishedStoa(["modules", "reindex"], {
      ...env(),
      ATHENS_DISK_STORAGE_ROOT: fleet.root,
    });
    assert.equal(code, 0, stderr);
    await until("the index is whole", async () => (await indexed(0)) === 4);
    await refresh(fleet, 0, "example.com/one");
  });

  test("instances with other upstreams have answers of their own", async () => {
    const here = await smallModule("example.com/scoped", "v1.0.0");
    const there = await smallModule("example.com/scoped", "v2.0.0+incompatible");
    await using one = await startFleet({ env: env(), modules: [here], instances: 1 });
    await using other = await startFleet({ env: env(), modules: [there], instances: 1 });
    const path = "/example.com/scoped/@v/list";
    assert.equal((await one.ask(0, path)).text, "v1.0.0\n");
    assert.equal((await other.ask(0, path)).text, "v2.0.0+incompatible\n");
  });
});
