// stoa config check --connect: every engine is tried, and what cannot be used is named with the key to look at.
import assert from "node:assert/strict";
import { test } from "node:test";
import { noPostgres, noRedis, startPostgres, startRedis } from "@stoa/proxy/testing";
import { finishedStoa } from "./testing/stoa-process.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

/** Nobody listens there. */
const nowhere = "127.0.0.1:9";

test("config check tries the storage, the state, what instances agree by, and the index", {
  skip: noPostgres || noRedis,
}, async () => {
  await using folder = await temporaryFolder();
  await using postgres = await startPostgres();
  await using redis = await startRedis("secret");
  const { hostname, port } = new URL(postgres.url);
  const good = {
    ATHENS_DISK_STORAGE_ROOT: folder.path,
    STOA_STATE: postgres.url,
    ATHENS_SINGLE_FLIGHT_TYPE: "redis",
    ATHENS_REDIS_ENDPOINT: `127.0.0.1:${redis.port}`,
    ATHENS_REDIS_PASSWORD: "secret",
    ATHENS_INDEX_TYPE: "postgres",
    ATHENS_INDEX_POSTGRES_HOST: hostname,
    ATHENS_INDEX_POSTGRES_PORT: port,
    ATHENS_INDEX_POSTGRES_USER: "stoa",
    ATHENS_INDEX_POSTGRES_DATABASE: "postgres",
  };
  const names = ["storage disk", "state postgres", "single flight redis", "index postgres"];
  assert.deepEqual(await check(good), {
    code: 0,
    works: names,
    fails: [],
    complaints: [],
  });

  for (const [change, failing, sentence] of [
    [{ STOA_STATE: `postgres://stoa@${nowhere}/x` }, "state postgres", /check STOA_STATE/],
    [{ STOA_STATE: postgres.url.replace("/postgres", "/absent") }, "state postgres", /"absent"/],
    [{ ATHENS_REDIS_PASSWORD: "wrong" }, "single flight redis", /\[SingleFlight\.Redis\]/],
    [{ ATHENS_REDIS_ENDPOINT: nowhere }, "single flight redis", /\[SingleFlight\.Redis\]/],
    [{ ATHENS_INDEX_POSTGRES_PORT: "9" }, "index postgres", /\[Index\.Postgres\]/],
  ] as const) {
    const { code, works, fails, complaints } = await check({ ...good, ...change });
    assert.equal(code, 1);
    assert.deepEqual(fails, [failing]);
    assert.deepEqual(
      works,
      names.filter((name) => name !== failing),
    );
    assert.equal(complaints.length, 1);
    assert.match(complaints[0] ?? "", sentence);
    assert.doesNotMatch(complaints[0] ?? "", /secret|wrong/);
  }
});

async function check(env: Readonly<Record<string, string>>): Promise<{
  readonly code: number | null;
  readonly works: readonly string[];
  readonly fails: readonly string[];
  readonly complaints: readonly string[];
}> {
  const { code, stdout, stderr } = await finishedStoa(["config", "check", "--connect"], env);
  const named = (ending: string): readonly string[] =>
    stdout
      .split("\n")
      .flatMap((line) => (line.endsWith(ending) ? [line.slice(0, -ending.length)] : []));
  return {
    code,
    works: named(": works"),
    fails: named(": does not work"),
    complaints: stderr.trim() === "" ? [] : stderr.trim().split("\n"),
  };
}
