// Zips that break off, stand still, or are not what was announced.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { parseModulePath, parseVersion } from "@stoa/gomod";
import type { ModuleFixture } from "@stoa/gomod/testing";
import { ProxyFailure, type ProxyFailureCode } from "../../domain/proxy-failure.ts";
import type { Upstream, ZipDelivery } from "../../domain/upstream.ts";
import {
  type FixtureProxy,
  type FixtureProxyOptions,
  fixtureProxy,
} from "../../testing/fixture-proxy.ts";
import { impatientClient } from "../../testing/impatient-client.ts";
import type { GoproxyClientOptions } from "./goproxy-client.ts";

const never = new AbortController().signal;
const v1 = { path: parseModulePath("example.com/m"), version: parseVersion("v1.0.0") };
const zip = randomBytes(300_000); // nothing here looks into it
const none = new Uint8Array();
const fixture: ModuleFixture = { module: v1, info: none, mod: none, zip };

interface Scene extends AsyncDisposable {
  readonly proxy: FixtureProxy;
  readonly upstream: Upstream;
}

async function served(
  options: FixtureProxyOptions & { client?: Partial<GoproxyClientOptions> } = {},
): Promise<Scene> {
  const proxy = await fixtureProxy([fixture], options);
  const client = impatientClient(options.client);
  return {
    proxy,
    upstream: client.upstream(proxy.url),
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await proxy.close();
    },
  };
}

async function read({ body }: ZipDelivery): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(body, (chunk) => Buffer.from(chunk)));
}

function failsWith(code: ProxyFailureCode, message?: RegExp): (failure: unknown) => boolean {
  return (failure) => {
    assert.ok(failure instanceof ProxyFailure, String(failure));
    assert.equal(failure.code, code, failure.message);
    if (message !== undefined) assert.match(failure.message, message);
    return true;
  };
}

test("a transfer that breaks off is taken up where it broke off", async () => {
  await using scene = await served();
  scene.proxy.fail(".zip", { cutAfter: 100_000, times: 1 });
  scene.proxy.fail(".zip", { cutAfter: 50_000, times: 1 });
  assert.deepEqual(await read(await scene.upstream.zip(v1, never)), zip);
  const [first, second, third] = scene.proxy.requests.map(({ headers }) => headers);
  assert.equal(first?.range, undefined);
  assert.equal(second?.range, "bytes=50000-");
  assert.equal(third?.range, "bytes=150000-");
  assert.match(String(third?.["if-range"]), /^"\w+"$/);
});

test("a chunk's memory is free as soon as the next one is asked for", async () => {
  await using scene = await served();
  const { body } = await scene.upstream.zip(v1, never);
  const chunks: Uint8Array[] = [];
  let received = 0;
  for await (const chunk of body) {
    received += chunk.length;
    chunks.push(chunk);
  }
  assert.equal(received, zip.length);
  const free = chunks.filter((chunk) => chunk.length === 0);
  // One that shares its memory with the head of the answer is left alone.
  assert.ok(free.length > 0, `${chunks.length} chunks, all of them still in memory`);
});

test("it is taken up over redirects too", async () => {
  await using storage = await served();
  await using scene = await served();
  scene.proxy.fail(".zip", { redirectTo: storage.proxy.url });
  storage.proxy.fail(".zip", { cutAfter: 1000, times: 1 });
  assert.deepEqual(await read(await scene.upstream.zip(v1, never)), zip);
  assert.equal(scene.proxy.requests.length, 2);
});

test("it is taken up twice, and no more", async () => {
  await using scene = await served();
  scene.proxy.fail(".zip", { cutAfter: 1000 });
  const delivery = await scene.upstream.zip(v1, never);
  await assert.rejects(
    read(delivery),
    failsWith("upstream_unavailable", /broke off after 3000 of 300000 bytes/),
  );
  assert.equal(scene.proxy.requests.length, 3);
  assert.deepEqual(await Array.fromAsync(delivery.body), []);
});

test("without a strong ETag a broken transfer stays broken, never short", async () => {
  await using scene = await served({ ranges: false });
  scene.proxy.fail(".zip", { cutAfter: 100_000 });
  const delivery = await scene.upstream.zip(v1, never);
  assert.equal(delivery.size, zip.length);
  let received = 0;
  await assert.rejects(
    async () => {
      for await (const chunk of delivery.body) received += chunk.length;
    },
    failsWith("upstream_unavailable", /broke off after 100000 of 300000 bytes/),
  );
  assert.equal(received, 100_000);
  assert.equal(scene.proxy.requests.length, 1);
});

test("a transfer whose zip has changed meanwhile stays broken", async () => {
  await using scene = await served();
  scene.proxy.fail(".zip", { cutAfter: 1000, times: 1 });
  const delivery = await scene.upstream.zip(v1, never);
  const [request] = scene.proxy.requests;
  await request?.ended;
  scene.proxy.add({ ...fixture, zip: randomBytes(300_000) });
  await assert.rejects(read(delivery), failsWith("upstream_unavailable", /broke off after 1000/));
});

test("a range that does not fit is not taken", async () => {
  await using scene = await served();
  scene.proxy.fail(".zip", {
    status: 206,
    body: "x",
    headers: { "content-range": "bytes 999-299999/300000" },
  });
  scene.proxy.fail(".zip", { cutAfter: 1000, times: 1 });
  const delivery = await scene.upstream.zip(v1, never);
  await assert.rejects(read(delivery), failsWith("upstream_unavailable", /broke off after 1000/));
});

test("a zip without an announced length may end, but not break off", async () => {
  await using scene = await served({ ranges: false });
  scene.proxy.fail(".zip", { chunked: true });
  const whole = await scene.upstream.zip(v1, never);
  assert.equal(whole.size, undefined);
  assert.deepEqual(await read(whole), zip);
});

test("a zip that ends before its announced length is broken", async () => {
  await using scene = await served({ ranges: false });
  scene.proxy.fail(".zip", { announce: zip.length + 1 });
  const delivery = await scene.upstream.zip(v1, never);
  await assert.rejects(read(delivery), failsWith("upstream_unavailable", /300000 of 300001 bytes/));
});

test("a compressed zip that breaks off is broken", async () => {
  await using scene = await served({ ranges: false });
  const half = gzipSync(zip).subarray(0, 150_000);
  scene.proxy.fail(".zip", {
    status: 200,
    body: half,
    headers: { "content-encoding": "gzip" },
  });
  const delivery = await scene.upstream.zip(v1, never);
  await assert.rejects(read(delivery), failsWith("upstream_unavailable", /broke off/));
});

test("a zip that is announced as too large is refused before its first byte", async () => {
  await using scene = await served();
  scene.proxy.fail(".zip", { announce: 500 * 2 ** 20 + 1 });
  await assert.rejects(scene.upstream.zip(v1, never), failsWith("invalid_module", /500 MiB/));
  scene.proxy.heal();
  assert.deepEqual(await read(await scene.upstream.zip(v1, never)), zip);
});

test("a slow zip arrives as long as it moves", async () => {
  await using scene = await served({ client: { progressMs: 3_000, timeoutMs: 3_000 } });
  scene.proxy.fail(".zip", { drip: { bytes: 25_000, everyMs: 300 } });
  assert.deepEqual(await read(await scene.upstream.zip(v1, never)), zip);
});

test("a zip that stands still is too slow", async () => {
  await using scene = await served({ ranges: false, client: { progressMs: 20 } });
  scene.proxy.fail(".zip", { drip: { bytes: 25_000, everyMs: 2 ** 30 } });
  const delivery = await scene.upstream.zip(v1, never);
  await assert.rejects(read(delivery), failsWith("timed_out", /stood still/));
});

test("a reader who leaves ends the transfer", async () => {
  await using scene = await served();
  scene.proxy.fail(".zip", { drip: { bytes: 1000, everyMs: 2 ** 30 } });
  const delivery = await scene.upstream.zip(v1, never);
  for await (const chunk of delivery.body) {
    assert.ok(chunk.length > 0);
    break;
  }
  assert.equal(await scene.proxy.requests[0]?.ended, "broken");
});

test("a transfer that is aborted ends with the signal's reason", async () => {
  await using scene = await served();
  scene.proxy.fail(".zip", { drip: { bytes: 1000, everyMs: 2 ** 30 } });
  const leaving = new AbortController();
  const reason = new Error("the client has left");
  const delivery = await scene.upstream.zip(v1, leaving.signal);
  await assert.rejects(async () => {
    for await (const _chunk of delivery.body) leaving.abort(reason);
  }, reason);
  assert.equal(await scene.proxy.requests[0]?.ended, "broken");
});
