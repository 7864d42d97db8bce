// A bucket that is gone, or far: what memory and the local cache of zips still give out.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type S3Server, s3ServerIsMissing, startS3Server } from "@stoa/blobs/testing";
import type { ModuleFixture } from "@stoa/gomod/testing";
import { type FixtureProxy, fixtureProxy } from "@stoa/proxy/testing";
import { until } from "./testing/bounded-wait.ts";
import { ask, type HttpAnswer } from "./testing/http-answer.ts";
import { filePath, largeModule } from "./testing/proxied-modules.ts";
import { s3Variables } from "./testing/s3-variables.ts";
import { smallDisk, smallDiskIsMissing } from "./testing/small-disk.ts";
import { type StoaProcess, startStoa } from "./testing/stoa-process.ts";
import { type TemporaryFolder, temporaryFolder } from "./testing/temporary-folder.ts";

describe("with its modules in a bucket, Stoa", { skip: s3ServerIsMissing() }, () => {
  const parts = new AsyncDisposableStack();
  let server: S3Server;
  let upstream: FixtureProxy;
  let folder: TemporaryFolder;
  let env: Record<string, string | undefined>;
  let large: ModuleFixture;

  before(async () => {
    server = parts.use(await startS3Server());
    large = await largeModule("example.com/large", "v1.0.0", 3_000_000);
    upstream = parts.use(await fixtureProxy([large]));
    folder = parts.use(await temporaryFolder());
    env = s3Variables(await server.newBucket());
  });
  after(() => parts[Symbol.asyncDispose]());

  const start = (cache: string, change: typeof env = {}): Promise<StoaProcess> =>
    startStoa({ goproxy: upstream.url, env: { ...env, STOA_ZIP_CACHE: cache, ...change } });
  const zip = (stoa: StoaProcess, headers = {}): Promise<HttpAnswer> =>
    ask(`${stoa.url}${filePath(large, "zip")}`, { headers });
  const entries = async (cache: string): Promise<readonly string[]> =>
    (await readdir(cache)).filter((name) => name.endsWith(".zip"));

  test("gives out the small files from memory and the zip from its cache while the bucket is away, and says how often", async () => {
    const cache = join(folder.path, "cache");
    await using stoa = await start(cache);
    const small = ["info", "mod"].map((kind) => `${stoa.url}${filePath(large, kind as "info")}`);
    const all = [...small, `${stoa.url}/example.com/large/@v/list`];
    // The first is fetched, the second read from the bucket.
    for (const _time of [1, 2]) assert.ok((await zip(stoa)).body.equals(Buffer.from(large.zip)));
    for (const url of all) assert.equal((await ask(url)).status, 200);
    await until("the zip is cached", async () => (await entries(cache)).length === 1);
    await server.stop();
    try {
      for (const url of all) assert.equal((await ask(url)).status, 200, url);
      assert.ok((await zip(stoa)).body.equals(Buffer.from(large.zip)));
      const part = await zip(stoa, { range: "bytes=1000000-1999999" });
      assert.equal(part.status, 206);
      assert.ok(part.body.equals(Buffer.from(large.zip).subarray(1_000_000, 2_000_000)));
    } finally {
      await server.start();
    }
    const { text } = await ask(`${stoa.url}/metrics`);
    assert.match(text, /^stoa_zip_cache_lookups_total\{result="hit"\} 2$/m);
    assert.match(text, /^stoa_zip_cache_bytes 3\d{6}$/m);
  });

  test("serves what it has cached also after a start", async () => {
    const cache = join(folder.path, "cache");
    await using stoa = await start(cache);
    assert.ok((await zip(stoa)).body.equals(Buffer.from(large.zip)));
    const { text } = await ask(`${stoa.url}/metrics`);
    assert.match(text, /^stoa_zip_cache_lookups_total\{result="hit"\} 1$/m);
  });

  test("answers as always when the disk of the cache is full", {
    skip: smallDiskIsMissing(),
  }, async () => {
    await using disk = await smallDisk(2 << 20);
    await using stoa = await start(disk.path);
    for (const _time of [1, 2, 3]) {
      const answer = await zip(stoa);
      assert.ok(answer.whole && answer.body.equals(Buffer.from(large.zip)));
    }
    assert.deepEqual(await entries(disk.path), []);
    await until("it is told", () => stoa.output().includes("a zip could not be cached"));
  });

  test("refuses a cache that cannot be, at the start, with a sentence", async () => {
    await assert.rejects(
      start("/proc/no-such-folder"),
      /the cache of zips \(ZipCache, STOA_ZIP_CACHE\) cannot be used: .*\/proc\/no-such-folder/,
    );
  });
});
