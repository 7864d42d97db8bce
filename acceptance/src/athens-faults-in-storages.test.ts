// The faults of Athens' storages that were found by reading its code, each by its name, at real servers: none is here.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import {
  azureServerIsMissing,
  gcsServerIsMissing,
  s3ServerIsMissing,
  startAzureServer,
  startGcsServer,
  startS3Server,
  type TestBucket,
} from "@stoa/blobs/testing";
import {
  fillMongo,
  fixtureProxy,
  mongoServerIsMissing,
  startMongoServer,
} from "@stoa/proxy/testing";
import { until } from "./testing/bounded-wait.ts";
import { azureVariables, gcpVariables } from "./testing/bucket-variables.ts";
import { ask } from "./testing/http-answer.ts";
import { filePath, largeModule, smallModule } from "./testing/proxied-modules.ts";
import { s3Variables } from "./testing/s3-variables.ts";
import { startStoa } from "./testing/stoa-process.ts";

const count = 2500;

/** Few modules with many versions and many with few; names that sort differently with and without their slashes. */
const names: readonly (readonly [path: string, version: string])[] = Array.from(
  { length: count },
  (_, at) => [
    at % 2 === 0 ? `example.com/m${at % 7}` : `example.com/Team-${at % 31}/x${at}`,
    at % 5 === 0 ? `v0.0.0-20200102030405-${String(at).padStart(12, "0")}` : `v1.${at}.0`,
  ],
);

/** More than a thousand objects in a row of which none is an .info: a page of a listing, and nothing in it. */
const halves: readonly (readonly [path: string, version: string])[] = Array.from(
  { length: 510 },
  (_, at) => ["example.com/half", `v1.${at}.0`],
);

interface Scene extends AsyncDisposable {
  readonly env: Readonly<Record<string, string | undefined>>;
  fill(): Promise<void>;
}

for (const { type, skip, open } of [
  { type: "s3", skip: s3ServerIsMissing(), open: s3Scene },
  { type: "gcp", skip: gcsServerIsMissing(), open: gcpScene },
  { type: "azureblob", skip: azureServerIsMissing(), open: azureScene },
  { type: "mongo", skip: mongoServerIsMissing(), open: mongoScene },
]) {
  describe(`${type}:`, { skip }, () => {
    let scene: Scene;
    before(async () => {
      scene = await open();
      await scene.fill();
    });
    after(() => scene[Symbol.asyncDispose]());

    test(`S3 catalog infinite loop, catalog paging loses entries: ${count} versions in pages of 1,000 are there once, behind a page's worth of files without an .info`, async () => {
      await using stoa = await startStoa({ goproxy: "off", env: scene.env });
      const pages: (readonly string[])[] = [];
      for (let token = ""; pages.length < 10; ) {
        const query = `pagesize=1000&token=${encodeURIComponent(token)}`;
        const answer = await ask(`${stoa.url}/catalog?${query}`);
        assert.equal(answer.status, 200, answer.text);
        const { modules, next } = JSON.parse(answer.text) as {
          modules: { module: string; version: string }[];
          next?: string;
        };
        pages.push(modules.map(({ module, version }) => `${module}@${version}`));
        if (next === undefined) break;
        token = next;
      }
      assert.deepEqual(
        pages.map((page) => page.length),
        [1000, 1000, 500],
      );
      assert.deepEqual(new Set(pages.flat()), new Set(names.map((name) => name.join("@"))));
    });

    test("409 to clients on races: two instances that fetch the same version into one storage both answer 200", async () => {
      const large = await largeModule("example.com/race", "v1.0.0", 400_000);
      await using upstream = await fixtureProxy([large]);
      const together = Promise.withResolvers<void>();
      upstream.fail(/\.zip$/, { until: together.promise });
      const options = { goproxy: upstream.url, env: scene.env };
      await using one = await startStoa(options);
      await using other = await startStoa(options);
      const asked = [one, other].map(({ url }) => ask(`${url}${filePath(large, "zip")}`));
      await until(
        "both downloads",
        () => upstream.requests.filter(({ path }) => path.endsWith(".zip")).length === 2,
      );
      together.resolve();
      for (const answer of await Promise.all(asked)) {
        assert.equal(answer.status, 200, answer.text.slice(0, 300));
        assert.ok(answer.whole && answer.body.equals(Buffer.from(large.zip)));
      }
    });
  });
}

test("external server 1 MiB save limit and un-decoded list: a Stoa keeps large modules with capitals at another, and lists them", async () => {
  const token = { STOA_EXTERNAL_STORAGE_PATH: "/storage", STOA_EXTERNAL_STORAGE_TOKEN: "secret" };
  await using keeper = await startStoa({ goproxy: "off", env: token });
  const base = `${keeper.url.replace("://", "://athens:secret@")}/storage`;
  const env = { ATHENS_STORAGE_TYPE: "external", ATHENS_EXTERNAL_STORAGE_URL: base };
  const large = await largeModule("github.com/ACME/Large", "v1.0.0", 5_000_000);
  const candidate = await smallModule("github.com/ACME/Large", "v1.1.0-RC1");
  await using upstream = await fixtureProxy([large, candidate]);
  await using stoa = await startStoa({ goproxy: upstream.url, env });
  for (const fixture of [large, candidate]) {
    const answer = await ask(`${stoa.url}${filePath(fixture, "zip")}`);
    assert.equal(answer.status, 200, answer.text.slice(0, 300));
    const kept = await ask(`${keeper.url}${filePath(fixture, "zip")}`);
    assert.ok(kept.whole && kept.body.equals(Buffer.from(fixture.zip)));
  }
  const authorization = `Basic ${Buffer.from("athens:secret").toString("base64")}`;
  const list = await ask(`${keeper.url}/storage/github.com/!a!c!m!e/!large/@v/list`, {
    headers: { authorization },
  });
  assert.deepEqual(list.text.trim().split("\n").toSorted(), ["v1.0.0", "v1.1.0-RC1"]);
  await using offline = await startStoa({
    goproxy: "off",
    env: { ...env, ATHENS_NETWORK_MODE: "offline" },
  });
  const own = await ask(`${offline.url}/github.com/!a!c!m!e/!large/@v/list`);
  assert.deepEqual(own.text.trim().split("\n").toSorted(), ["v1.0.0", "v1.1.0-RC1"]);
});

/** Leaves what Athens would, many at once. */
async function fillBucket(put: (key: string) => Promise<unknown>): Promise<void> {
  const files = [
    ...names.flatMap((name) => ["info", "mod", "zip"].map((kind) => [...name, kind])),
    ...halves.flatMap((name) => ["mod", "zip"].map((kind) => [...name, kind])),
  ];
  const waiting = files.values();
  await Promise.all(
    Array.from({ length: 24 }, async () => {
      for (const [path, version, kind] of waiting) await put(`${path}/@v/${version}.${kind}`);
    }),
  );
}

async function fillByDriver(bucket: TestBucket): Promise<void> {
  await using store = await bucket.open();
  await fillBucket((key) => store.put(key, Buffer.from("x")));
}

async function s3Scene(): Promise<Scene> {
  const server = await startS3Server();
  const bucket = await server.newBucket();
  return {
    env: s3Variables(bucket),
    fill: () => fillByDriver(bucket),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function gcpScene(): Promise<Scene> {
  // In its memory every object that is there makes the next one slower.
  const server = await startGcsServer({ remembers: true });
  const bucket = await server.newBucket();
  return {
    env: { ATHENS_STORAGE_TYPE: "gcp", ...gcpVariables(bucket) },
    // Google's SDK would take minutes.
    fill: () =>
      fillBucket(async (key) => {
        const query = `uploadType=media&name=${encodeURIComponent(key)}`;
        const url = `${server.url}/upload/storage/v1/b/${bucket.settings.bucket}/o?${query}`;
        const answer = await fetch(url, { method: "POST", body: "x" });
        assert.equal(answer.status, 200, await answer.text());
      }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function azureScene(): Promise<Scene> {
  const server = await startAzureServer();
  const container = await server.newBucket();
  return {
    env: { ATHENS_STORAGE_TYPE: "azureblob", ...azureVariables(container) },
    fill: () => fillByDriver(container),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function mongoScene(): Promise<Scene> {
  const server = await startMongoServer();
  return {
    env: { ATHENS_STORAGE_TYPE: "mongo", ATHENS_MONGO_STORAGE_URL: server.url },
    fill: () => fillMongo(server.url, { whole: names, torn: halves }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
