// The queue that instances share: a version is fetched by one that may, under its own policy, or left to those who may.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { noPostgres, type PostgresServer, startPostgres } from "@stoa/proxy/testing";
import { until } from "./testing/bounded-wait.ts";
import { type Fleet, startFleet } from "./testing/fleet.ts";
import { gitHost, RepositoryDraft } from "./testing/git-host.ts";
import { filePath, smallModule } from "./testing/proxied-modules.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

const gitIsMissing = spawnSync("git", ["version"]).error !== undefined && "there is no git here";

/** Accepts everything, and has hands for one thing at a time. */
const accepting = { ATHENS_DOWNLOAD_MODE: "async", ATHENS_GOGET_WORKERS: "1" };

/** Whether an instance has said something about a version. */
function says(fleet: Fleet, at: number, what: string, path: string): boolean {
  const lines = fleet.member(at).output().split("\n");
  return lines.some((line) => line.includes(`"${what}"`) && line.includes(`"${path}"`));
}
const left = "a job is left to other instances";
const fetched = "version fetched in the background";

describe("instances with one queue", { skip: noPostgres }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server[Symbol.asyncDispose]());

  const env = (): Record<string, string> => ({
    ATHENS_SINGLE_FLIGHT_TYPE: "postgres",
    STOA_STATE: server.url,
    ATHENS_LOG_LEVEL: "debug",
  });

  /** The first instance has both hands full with this, until it may end. */
  async function busy(fleet: Fleet, name: string) {
    for (let tries = 0; ; tries += 1) {
      const module = await smallModule(`example.com/${name}-${tries}`, "v1.0.0");
      const gate = Promise.withResolvers<void>();
      fleet.upstream.add(module);
      fleet.upstream.fail(filePath(module, "zip"), { until: gate.promise });
      assert.equal((await fleet.zip(0, module)).status, 404);
      await fleet.upstream.requested(filePath(module, "zip"));
      const { text } = await fleet.ask(0, "/metrics");
      if (/^stoa_background_fetches_in_flight 1$/m.test(text))
        return { module, free: gate.resolve };
      // Another one has looked at the very moment when the first had accepted it.
      gate.resolve();
    }
  }

  test("what one has accepted another fetches, unless its filter says no", async () => {
    await using folder = await temporaryFolder();
    const strict = join(folder.path, "strict");
    const lax = join(folder.path, "lax");
    await writeFile(strict, "+\n- example.com/guarded\n- example.com/lonely\n");
    await writeFile(lax, "+\n- example.com/lonely\n");
    const [guarded, lonely] = [
      await smallModule("example.com/guarded", "v1.0.0"),
      await smallModule("example.com/lonely", "v1.0.0"),
    ];
    const policies = [accepting, { ATHENS_FILTER_FILE: strict }, { ATHENS_FILTER_FILE: lax }];
    await using fleet = await startFleet({
      env: env(),
      ownEnv: (at) => policies[at] ?? {},
      modules: [guarded, lonely],
    });
    const hands = await busy(fleet, "busy");
    for (const module of [guarded, lonely]) assert.equal((await fleet.zip(0, module)).status, 404);

    await until("the one that may", () => says(fleet, 2, fetched, "example.com/guarded"));
    for (const at of [1, 2]) {
      await until("those that may not", () => says(fleet, at, left, "example.com/lonely"));
    }
    assert.equal(fleet.asked(filePath(lonely, "zip")), 0);
    assert.equal((await fleet.zip(1, guarded)).status, 403, "kept, and yet refused");
    hands.free();
    await until("the one that has accepted it", () =>
      says(fleet, 0, fetched, "example.com/lonely"),
    );
    for (const module of [guarded, lonely, hands.module]) {
      assert.ok((await fleet.zip(0, module)).body.equals(Buffer.from(module.zip)));
      assert.equal(fleet.asked(filePath(module, "zip")), 1);
    }
    assert.ok(!says(fleet, 1, fetched, "example.com/guarded"));
  });

  test("the name of a module that is private to one is told to no proxy by another", {
    skip: gitIsMissing,
  }, async () => {
    await using host = await gitHost();
    const draft = new RepositoryDraft();
    draft.commit({ "go.mod": "module github.com/corp/secret\n" });
    draft.tag("v1.0.0");
    await host.add("github.com/corp/secret", draft);
    const policies = [
      { ...accepting, ...host.environment, GOPRIVATE: "github.com/corp/*" },
      { GOPRIVATE: "" },
    ];
    await using fleet = await startFleet({
      env: env(),
      ownEnv: (at) => policies[at] ?? {},
      instances: 2,
    });
    const hands = await busy(fleet, "private-busy");
    const zip = "/github.com/corp/secret/@v/v1.0.0.zip";
    assert.equal((await fleet.ask(0, zip)).status, 404);
    await until("the other leaves it", () => says(fleet, 1, left, "github.com/corp/secret"));
    hands.free();
    await until("the version", async () => (await fleet.ask(0, zip)).status === 200);
    const told = fleet.upstream.requests.filter(({ path }) => path.includes("secret"));
    assert.deepEqual(told, []);
    assert.equal((await fleet.ask(1, zip)).status, 200, "kept for all");
  });

  test("what an instance leaves behind when it is stopped, or killed, others fetch", async () => {
    const policies = [accepting, {}];
    await using fleet = await startFleet({
      env: env(),
      ownEnv: (at) => policies[at] ?? {},
      instances: 2,
    });
    const hands = await busy(fleet, "stopped-busy");
    const waiting = await smallModule("example.com/behind", "v1.0.0");
    fleet.upstream.add(waiting);
    assert.equal((await fleet.zip(0, waiting)).status, 404);
    fleet.upstream.heal();
    await fleet.member(0).stop();
    for (const { module } of [hands.module, waiting]) {
      await until(module.path, () => says(fleet, 1, fetched, module.path));
    }

    await fleet.replace(0);
    await busy(fleet, "killed-busy");
    const orphan = await smallModule("example.com/orphan", "v1.0.0");
    fleet.upstream.add(orphan);
    assert.equal((await fleet.zip(0, orphan)).status, 404);
    await fleet.member(0).kill();
    await until("what it had not begun", () => says(fleet, 1, fetched, "example.com/orphan"));
  });

  test("two whose upstreams have different bytes for a version keep and give out those that came first", async () => {
    const here = await smallModule("example.com/twofold", "v1.0.0");
    const there = await smallModule("example.com/twofold", "v1.0.0", "// Of another hand.\n");
    await using one = await startFleet({ env: env(), instances: 1, modules: [here] });
    await using other = await startFleet({
      env: { ...env(), ATHENS_DISK_STORAGE_ROOT: one.root },
      instances: 1,
      modules: [there],
    });
    const answers = await Promise.all([one.zip(0, here), other.zip(0, there)]);
    const [first] = answers;
    assert.ok(first !== undefined);
    for (const answer of answers) {
      assert.equal(answer.status, 200, answer.text.slice(0, 300));
      assert.ok(answer.whole && answer.body.equals(first.body));
    }
    assert.ok([here, there].some(({ zip }) => first.body.equals(Buffer.from(zip))));
    assert.equal(one.asked(filePath(here, "zip")) + other.asked(filePath(there, "zip")), 1);
  });
});
