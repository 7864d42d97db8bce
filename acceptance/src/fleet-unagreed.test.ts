// Instances on one storage of which one takes itself for the only one.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { s3ServerIsMissing, startS3Server } from "@stoa/blobs/testing";
import { mongoServerIsMissing, noRedis, startMongoServer, startRedis } from "@stoa/proxy/testing";
import { until } from "./testing/bounded-wait.ts";
import { type Fleet, startFleet } from "./testing/fleet.ts";
import { s3Variables } from "./testing/s3-variables.ts";

const warning = /another instance \(.*, process \d+\) works on the same storage/;

async function warnsOf(fleet: Fleet): Promise<void> {
  for (const at of [0, 1]) {
    await until("the warning", () => warning.test(fleet.member(at).output()));
  }
}

function startTwo(env: Readonly<Record<string, string | undefined>> = {}): Promise<Fleet> {
  return startFleet({ env: { STOA_LEASE_TTL: "1", ...env }, instances: 2 });
}

test("two instances that agree by nothing are warned of each other on a disk, and leave no marks", async () => {
  await using fleet = await startTwo();
  await warnsOf(fleet);
  await fleet.member(0).stop();
  await fleet.member(1).stop();
  assert.deepEqual(await readdir(join(fleet.root, ".stoa", "instances")), []);
});

test("they are on a bucket", { skip: s3ServerIsMissing() }, async () => {
  await using server = await startS3Server();
  await using fleet = await startTwo(s3Variables(await server.newBucket()));
  await warnsOf(fleet);
});

test("they are on MongoDB", { skip: mongoServerIsMissing() }, async () => {
  await using server = await startMongoServer();
  const env = { ATHENS_STORAGE_TYPE: "mongo", ATHENS_MONGO_STORAGE_URL: server.url };
  await using fleet = await startTwo(env);
  await warnsOf(fleet);
});

test("of instances of which some agree those are warned that do not, and a killed one is no instance", {
  skip: noRedis,
}, async () => {
  await using redis = await startRedis("secret");
  const agreeing = {
    ATHENS_SINGLE_FLIGHT_TYPE: "redis",
    ATHENS_REDIS_ENDPOINT: `127.0.0.1:${redis.port}`,
    ATHENS_REDIS_PASSWORD: "secret",
  };
  await using fleet = await startFleet({
    env: { STOA_LEASE_TTL: "1" },
    ownEnv: (at) => (at === 0 ? {} : agreeing),
  });
  await until("the warning", () => warning.test(fleet.member(0).output()));
  for (const at of [1, 2]) assert.doesNotMatch(fleet.member(at).output(), warning);
  const seen = async (count: number): Promise<boolean> =>
    new RegExp(`^stoa_storage_instances ${count}$`, "m").test(
      (await fleet.ask(1, "/metrics")).text,
    );
  await until("three are counted", () => seen(3));
  await fleet.member(2).kill();
  await until("two are counted", () => seen(2));
});
