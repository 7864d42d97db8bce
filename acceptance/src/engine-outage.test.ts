// What docs/fleet.md says of each engine that is gone: what is still answered, what is 503, and that nothing needs a restart.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { s3ServerIsMissing, startS3Server } from "@stoa/blobs/testing";
import type { ModuleFixture } from "@stoa/gomod/testing";
import {
  type FixtureProxy,
  fixtureProxy,
  noPostgres,
  noRedis,
  startPostgres,
  startRedis,
} from "@stoa/proxy/testing";
import { until } from "./testing/bounded-wait.ts";
import { ask } from "./testing/http-answer.ts";
import { filePath, smallModule } from "./testing/proxied-modules.ts";
import { s3Variables } from "./testing/s3-variables.ts";
import { type StoaProcess, startStoa } from "./testing/stoa-process.ts";

/** One row of the page: what is asked for, and its status while the engine is gone. */
interface Outage {
  readonly gone: string;
  take(): Promise<void>;
  giveBack(): Promise<void>;
  readonly statuses: Readonly<Record<Question, number>>;
}

type Question = "kept info" | "kept zip" | "cold zip" | "/index" | "/catalog" | "/readyz";

const allIsWell = { "kept info": 200, "kept zip": 200, "cold zip": 200 } as const;
const pagesAreWell = { "/index": 200, "/catalog": 200, "/readyz": 200 } as const;

describe("a Stoa whose engines fail one after the other", {
  skip: s3ServerIsMissing() || noPostgres || noRedis,
}, () => {
  const servers = new AsyncDisposableStack();
  const outages: Outage[] = [];
  let upstream: FixtureProxy;
  let kept: ModuleFixture;
  let stoa: StoaProcess;

  before(async () => {
    kept = await smallModule("example.com/kept", "v1.0.0");
    upstream = servers.use(await fixtureProxy([kept]));
    const s3 = servers.use(await startS3Server());
    const postgres = servers.use(await startPostgres());
    const redis = servers.use(await startRedis("secret"));
    outages.push(
      {
        gone: "the storage",
        take: () => s3.stop(),
        giveBack: () => s3.start(),
        statuses: {
          ...{ "kept info": 200, "kept zip": 503, "cold zip": 503 },
          ...{ "/index": 200, "/catalog": 503, "/readyz": 503 },
        },
      },
      {
        gone: "Redis, by which they agree",
        take: () => redis.kill(),
        giveBack: () => redis.start(),
        statuses: { ...allIsWell, "cold zip": 503, ...pagesAreWell },
      },
      {
        gone: "PostgreSQL, which has the state",
        take: () => postgres.kill(),
        giveBack: () => postgres.start(),
        statuses: { ...allIsWell, ...pagesAreWell, "/index": 503 },
      },
    );
    const env = {
      ...s3Variables(await s3.newBucket()),
      STOA_STATE: postgres.url,
      ATHENS_SINGLE_FLIGHT_TYPE: "redis",
      ATHENS_REDIS_ENDPOINT: `127.0.0.1:${redis.port}`,
      ATHENS_REDIS_PASSWORD: "secret",
    };
    stoa = servers.use(await startStoa({ goproxy: upstream.url, env }));
    for (const kind of ["info", "zip"] as const) {
      assert.equal((await ask(`${stoa.url}${filePath(kept, kind)}`)).status, 200);
    }
  });
  after(() => servers.disposeAsync());

  test("answers what it can, says why not where it cannot, and needs no restart", async () => {
    assert.equal(outages.length, 3);
    for (const [at, { gone, take, giveBack, statuses }] of outages.entries()) {
      const cold = await smallModule(`example.com/cold${at}`, "v1.0.0");
      upstream.add(cold);
      const paths: Readonly<Record<Question, string>> = {
        "kept info": filePath(kept, "info"),
        "kept zip": filePath(kept, "zip"),
        "cold zip": filePath(cold, "zip"),
        "/index": "/index",
        "/catalog": "/catalog",
        "/readyz": "/readyz",
      };
      await take();
      for (const [question, path] of Object.entries(paths)) {
        const { status, text } = await ask(`${stoa.url}${path}`);
        assert.equal(
          status,
          statuses[question as Question],
          `${question} without ${gone}: ${text}`,
        );
        if (status !== 200) assert.match(text, /^[^\n]+\n?$/);
        assert.doesNotMatch(text, /secret/);
      }
      await giveBack();
      for (const path of Object.values(paths)) {
        await until(`${path} with ${gone} again`, async () => {
          return (await ask(`${stoa.url}${path}`)).status === 200;
        });
      }
    }
    assert.ok(stoa.isRunning());
  });
});
