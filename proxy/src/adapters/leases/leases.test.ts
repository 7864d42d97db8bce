import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { RemovingBucketSettings } from "@stoa/blobs";
import {
  type AzureServer,
  azureServerIsMissing,
  type GcsServer,
  gcsServerIsMissing,
  startAzureServer,
  startGcsServer,
} from "@stoa/blobs/testing";
import type { LeaseEngine, Leases } from "../../domain/leases.ts";
import {
  type EngineFleet,
  type EngineServer,
  noEtcd,
  noRedis,
  startEtcd,
  startRedis,
  startRedisCluster,
  startSentinel,
} from "../../testing/lease-servers.ts";
import { noPostgres, type PostgresServer, startPostgres } from "../../testing/postgres-server.ts";
import { openState, type ProxyState, type StatePlace } from "../sql-state/open-state.ts";
import { openBucketEngine } from "./bucket-engine.ts";
import { openEtcdEngine } from "./etcd-engine.ts";
import { openLeases } from "./open-leases.ts";
import { openRedisEngine } from "./redis-engine.ts";
import { RenewedLeases } from "./renewed-leases.ts";

const unusedState = { ofState: undefined as unknown as LeaseEngine, lifetimeMs: 1000 };

/** Long enough for a busy machine to renew a lease within, and no longer: some tests wait for its end. */
const lifetimeMs = 3000;

/** Takes the lease as soon as it is free, within a bound. */
async function eventually(leases: Leases, key: string): Promise<AsyncDisposable> {
  for (let tries = 0; tries < 2_400; tries++) {
    const lease = await leases.take(key).catch(() => undefined);
    if (lease !== undefined) return lease;
    await pause(50);
  }
  throw new Error(`the lease of ${key} was never free`);
}

/** What every engine does. `open` makes a connection of its own each time. */
function engineContract(
  name: string,
  skip: string | false,
  open: () => Promise<LeaseEngine>,
): void {
  // Those that wait for lifetimes wait together.
  describe(`leases by ${name}:`, { skip, concurrency: true }, () => {
    let leases: RenewedLeases;
    let others: RenewedLeases;
    before(async () => {
      leases = new RenewedLeases(await open(), { lifetimeMs });
      others = new RenewedLeases(await open(), { lifetimeMs });
    });
    after(async () => {
      await leases[Symbol.asyncDispose]();
      await others[Symbol.asyncDispose]();
    });

    test("one holder at a time, and whoever gives it back leaves it to the next", async () => {
      const key = "example.com/Odd path@v1.0.0+incompatible";
      const held = await leases.take(key);
      assert.ok(held);
      assert.equal(await others.take(key), undefined);
      assert.equal(await leases.take(key), undefined);
      await using another = await others.take("example.com/other@v1.0.0");
      assert.ok(another);
      await held[Symbol.asyncDispose]();
      await using next = await others.take(key);
      assert.ok(next);
    });

    test("of thirty who ask at once one gets it", async () => {
      const taken = await Promise.all(
        Array.from({ length: 30 }, (_, n) => (n % 2 === 0 ? leases : others).take("many@v1")),
      );
      const holders = taken.filter((lease) => lease !== undefined);
      assert.equal(holders.length, 1);
      await holders[0]?.[Symbol.asyncDispose]();
    });

    test("a lease outlives its lifetime while its holder lives", async () => {
      await using held = await leases.take("long@v1");
      assert.ok(held);
      const until = performance.now() + 2.2 * lifetimeMs;
      while (performance.now() < until) {
        assert.equal(await others.take("long@v1"), undefined);
        await pause(100);
      }
    });

    test("a lease whose holder renews it no more is free soon, and he can neither renew nor release the next one's", async () => {
      const dead = await open();
      assert.equal(await dead.take("dead@v1", "the-dead", lifetimeMs), true);
      assert.equal(await others.take("dead@v1"), undefined);
      await using next = await eventually(others, "dead@v1");
      assert.ok(next);
      assert.equal(await dead.renew("dead@v1", "the-dead", lifetimeMs), false);
      await dead.release("dead@v1", "the-dead");
      assert.equal(await leases.take("dead@v1"), undefined);
      await dead[Symbol.asyncDispose]();
    });
  });
}

describe("Redis", { skip: noRedis }, () => {
  let server: EngineServer;
  const password = "p@ss:word/";
  before(async () => {
    server = await startRedis(password);
  });
  after(() => server[Symbol.asyncDispose]());

  engineContract("Redis", false, () =>
    openRedisEngine({ kind: "single", endpoint: `127.0.0.1:${server.port}`, password }),
  );

  test("a URL with user, password and database is understood", async () => {
    const endpoint = `redis://default:${encodeURIComponent(password)}@127.0.0.1:${server.port}/3?protocol=3`;
    await using engine = await openRedisEngine({ kind: "single", endpoint, password: "" });
    assert.equal(engine.name, `Redis at 127.0.0.1:${server.port}`);
    assert.equal(await engine.take("in three", "me", 1000), true);
  });

  test("a wrong password and a refused connection are sentences that name the keys", async () => {
    const open = (endpoint: string, word: string) =>
      openLeases(
        { kind: "redis", redis: { kind: "single", endpoint, password: word } },
        unusedState,
      );
    await assert.rejects(open(`127.0.0.1:${server.port}`, "wrong"), {
      message: /^Redis, .*(WRONGPASS|NOAUTH|invalid).*\[SingleFlight\.Redis\]/i,
    });
    await assert.rejects(open("127.0.0.1:1", ""), {
      message: /ECONNREFUSED.*\[SingleFlight\.Redis\]/,
    });
  });

  test("a server that is away fails who asks in bounded time, and is used again when it is back", async () => {
    const endpoint = `127.0.0.1:${server.port}`;
    await using leases = new RenewedLeases(
      await openRedisEngine({ kind: "single", endpoint, password }),
      { lifetimeMs: 1000 },
    );
    await server.kill();
    await assert.rejects(leases.take("away@v1"), {
      code: "store_unavailable",
      message: /Redis at .*does not answer/,
    });
    await server.start();
    await using lease = await eventually(leases, "away@v1");
    assert.ok(lease);
  });

  test("a server that stands still does the same", async () => {
    const endpoint = `127.0.0.1:${server.port}`;
    await using leases = new RenewedLeases(
      await openRedisEngine({ kind: "single", endpoint, password }),
      { lifetimeMs: 1000 },
    );
    server.pause();
    try {
      await assert.rejects(leases.take("still@v1"), { code: "store_unavailable" });
    } finally {
      server.resume();
    }
    await using lease = await eventually(leases, "still@v1");
    assert.ok(lease);
  });
});

describe("a Redis cluster", { skip: noRedis }, () => {
  let fleet: EngineFleet;
  before(async () => {
    fleet = await startRedisCluster();
  });
  after(() => fleet[Symbol.asyncDispose]());
  engineContract("a Redis cluster", false, () =>
    openRedisEngine({ kind: "cluster", endpoints: fleet.endpoints, password: "" }),
  );

  test("one that is away is given up soon, and used again when it is back", async () => {
    const place = { kind: "cluster", endpoints: fleet.endpoints, password: "" } as const;
    await using leases = new RenewedLeases(await openRedisEngine(place), { lifetimeMs: 1000 });
    await fleet.kill();
    const waiting = Array.from({ length: 20 }, (_, n) => leases.take(`away${n}@v1`));
    for (const taken of await Promise.allSettled(waiting)) assert.equal(taken.status, "rejected");
    await fleet.start();
    await using lease = await eventually(leases, "back@v1");
    assert.ok(lease);
  });

  test("one that nobody answers for is a sentence that names the keys", async () => {
    const redis = { kind: "cluster", endpoints: ["127.0.0.1:1"], password: "" } as const;
    await assert.rejects(openLeases({ kind: "redis", redis }, unusedState), {
      message: /^Redis, by which .* cannot be used \(.+\).*\[SingleFlight\.Redis\]/,
    });
  });
});

describe("Redis with a sentinel", { skip: noRedis }, () => {
  let fleet: Awaited<ReturnType<typeof startSentinel>>;
  const open = (): Promise<LeaseEngine> =>
    openRedisEngine({
      kind: "sentinel",
      endpoints: fleet.endpoints,
      master: "redis-1",
      sentinelPassword: "sekret",
      username: "",
      password: "sekret",
      database: 0,
    });
  before(async () => {
    fleet = await startSentinel("redis-1", "sekret");
  });
  after(() => fleet[Symbol.asyncDispose]());
  engineContract("Redis with a sentinel", false, open);

  test("another server becomes the master when the first one dies", async () => {
    await using leases = new RenewedLeases(await open(), { lifetimeMs: 1000 });
    await fleet.killMaster();
    await using lease = await eventually(leases, "after failover@v1");
    assert.ok(lease);
  });
});

describe("etcd", { skip: noEtcd }, () => {
  let server: EngineServer;
  before(async () => {
    server = await startEtcd();
  });
  after(() => server[Symbol.asyncDispose]());
  engineContract("etcd", false, () =>
    openEtcdEngine(["127.0.0.1:1", `http://127.0.0.1:${server.port}`]),
  );

  test("no member that answers is a sentence that names the keys", async () => {
    const place = { kind: "etcd", endpoints: ["127.0.0.1:1", "127.0.0.1:2"] } as const;
    await assert.rejects(openLeases(place, unusedState), {
      message: /^etcd, .*ECONNREFUSED.*\[SingleFlight\.Etcd\]/,
    });
  });
});

for (const { service, skip, start, keys } of [
  { service: "gcs", skip: gcsServerIsMissing(), start: startGcsServer, keys: "Storage.GCP" },
  {
    service: "azure",
    skip: azureServerIsMissing(),
    start: startAzureServer,
    keys: "Storage.AzureBlob",
  },
] as const) {
  describe(`a bucket of ${service}`, { skip }, () => {
    let server: GcsServer | AzureServer;
    let bucket: RemovingBucketSettings;
    const open = (): Promise<LeaseEngine> => openBucketEngine(bucket);
    before(async () => {
      server = await start();
      const { settings } = await server.newBucket();
      bucket = { service, ...settings } as RemovingBucketSettings;
    });
    after(() => server[Symbol.asyncDispose]());
    engineContract(`a bucket of ${service}`, false, open);

    test("what was given back leaves nothing behind", async () => {
      const fresh = await server.newBucket();
      const engine = await openBucketEngine({ service, ...fresh.settings } as typeof bucket);
      const leases = new RenewedLeases(engine, { lifetimeMs: 1000 });
      const lease = await leases.take("left@v1");
      await lease?.[Symbol.asyncDispose]();
      await leases[Symbol.asyncDispose]();
      await using objects = await fresh.open();
      assert.deepEqual(await Array.fromAsync(objects.list("")), []);
    });

    test("an instance that was never told of its lease gives it back all the same", async () => {
      await using engine = await open();
      await using forgetful = await open();
      assert.equal(await engine.take("untold@v1", "a-holder", 60_000), true);
      await forgetful.release("untold@v1", "somebody-else");
      assert.equal(await engine.take("untold@v1", "another", 60_000), false);
      await forgetful.release("untold@v1", "a-holder");
      assert.equal(await engine.take("untold@v1", "another", 60_000), true);
    });

    test("a bucket that is not there is a sentence that names the keys", async () => {
      const missing =
        bucket.service === "gcs"
          ? { ...bucket, bucket: "no-such-bucket" }
          : { ...bucket, container: "no-such-container" };
      await assert.rejects(
        openLeases({ kind: "bucket", bucket: missing }, unusedState),
        (error) => {
          assert.ok(error instanceof Error && error.message.includes(`[${keys}]`), String(error));
          assert.match(error.message, /not exist|NotFound/);
          return true;
        },
      );
    });
  });
}

/** Each connection has the state opened anew, as another process would. */
function stateContract(name: string, skip: string | false, place: () => StatePlace): void {
  const opened: ProxyState[] = [];
  after(async () => {
    for (const state of opened) await state[Symbol.asyncDispose]();
  });
  engineContract(name, skip, async () => {
    const state = await openState(place(), { mostJobs: 1 });
    opened.push(state);
    return state.leases;
  });
}

const folder = await mkdtemp(join(tmpdir(), "stoa-leases-"));
after(() => rm(folder, { recursive: true, force: true }));
stateContract("a file", false, () => ({ kind: "sqlite", file: join(folder, "state.sqlite") }));

describe("PostgreSQL", { skip: noPostgres }, () => {
  let server: PostgresServer;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server[Symbol.asyncDispose]());
  stateContract("PostgreSQL", false, () => ({ kind: "postgres", url: server.url }));
});
