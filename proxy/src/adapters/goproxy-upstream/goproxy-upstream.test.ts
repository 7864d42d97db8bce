// The protocol: what is asked, and which answers count.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { parseModulePath, parseVersion } from "@stoa/gomod";
import { type ModuleFixture, moduleFixture } from "@stoa/gomod/testing";
import { ProxyFailure, type ProxyFailureCode } from "../../domain/proxy-failure.ts";
import type { Upstream } from "../../domain/upstream.ts";
import { type Fault, type FixtureProxy, fixtureProxy } from "../../testing/fixture-proxy.ts";
import { impatientClient } from "../../testing/impatient-client.ts";

const never = new AbortController().signal;
const path = parseModulePath("example.com/Upper/m");
const v1 = { path, version: parseVersion("v1.0.0") };
const legacy = { path, version: parseVersion("v2.1.0+incompatible") };

/** Serves example.com/Upper/m, and an upstream that asks there. */
async function served(t: { after(close: () => Promise<unknown>): void }): Promise<{
  proxy: FixtureProxy;
  upstream: Upstream;
  fixtures: readonly ModuleFixture[];
}> {
  const fixtures = await Promise.all(
    ["v1.0.0", "v1.1.0-pre", "v2.1.0+incompatible", "v0.0.0-20200102030405-abcdefabcdef"].map(
      (version) => moduleFixture(`module ${path}@${version}\n-- a.go --\npackage a\n`),
    ),
  );
  const proxy = await fixtureProxy(fixtures);
  const client = impatientClient();
  t.after(async () => {
    await client[Symbol.asyncDispose]();
    await proxy.close();
  });
  return { proxy, upstream: client.upstream(proxy.url), fixtures };
}

function failsWith(code: ProxyFailureCode, message?: RegExp): (failure: unknown) => boolean {
  return (failure) => {
    assert.ok(failure instanceof ProxyFailure, String(failure));
    assert.equal(failure.code, code, failure.message);
    if (message !== undefined) assert.match(failure.message, message);
    return true;
  };
}

test("info, mod and zip are the upstream's bytes", async (t) => {
  const { upstream, fixtures } = await served(t);
  for (const fixture of fixtures) {
    const info = await upstream.info(fixture.module, never);
    assert.deepEqual(Buffer.from(info.bytes), fixture.info);
    assert.equal(info.info.version, fixture.module.version);
    assert.equal(info.from, upstream.name);
    assert.deepEqual(Buffer.from(await upstream.mod(fixture.module, never)), fixture.mod);
    const zip = await upstream.zip(fixture.module, never);
    assert.equal(zip.size, fixture.zip.length);
    assert.deepEqual(
      Buffer.concat(await Array.fromAsync(zip.body, (chunk) => Buffer.from(chunk))),
      fixture.zip,
    );
  }
});

test("requests look like those of the go command", async (t) => {
  const { proxy, upstream } = await served(t);
  await upstream.info(legacy, never);
  await upstream.zip(legacy, never).then(({ body }) => Array.fromAsync(body));
  const [info, zip] = proxy.requests;
  assert.equal(info?.path, "/example.com/!upper/m/@v/v2.1.0+incompatible.info");
  assert.equal(info?.headers["accept-encoding"], "gzip");
  assert.equal(zip?.headers["accept-encoding"], "identity");
  assert.equal(info?.headers.authorization, undefined);
});

test("the base may have a path, a slash at its end and a query", async (t) => {
  const { proxy } = await served(t);
  proxy.fail("", { status: 200, body: "v1.0.0\n" });
  await using client = impatientClient();
  const upstream = client.upstream(`${proxy.url}/go//?key=1`);
  await upstream.list(path, never);
  assert.equal(proxy.requests[0]?.path, "/go/example.com/!upper/m/@v/list?key=1");
  assert.equal(upstream.name, new URL(proxy.url).host);
});

test("the list holds the tags of this module alone", async (t) => {
  const { proxy, upstream } = await served(t);
  assert.deepEqual(await upstream.list(path, never), [
    "v1.0.0",
    "v1.1.0-pre",
    "v2.1.0+incompatible",
  ]);
  const lines = [
    "v1.2.0 2020-01-02T03:04:05Z",
    "",
    "  v1.3.0\tmore\r",
    "v1.2.0",
    "v1",
    "v2.0.0",
    "v1.0.0+meta",
    "nonsense",
    "v0.0.0-20200102030405-abcdefabcdef",
  ];
  proxy.fail("/list", { status: 200, body: lines.join("\n") });
  assert.deepEqual(await upstream.list(path, never), ["v1.2.0", "v1.3.0"]);
  proxy.fail("/list", { status: 200, body: "" });
  assert.deepEqual(await upstream.list(path, never), []);
});

test("a query is answered with what the upstream says it means", async (t) => {
  const { proxy, upstream } = await served(t);
  proxy.fail("/@v/main.info", { status: 200, body: '{"Version":"v1.0.0"}' });
  assert.equal((await upstream.resolve(path, "main", never)).info.version, "v1.0.0");
  const latest = await upstream.resolve(path, "latest", never);
  assert.equal(latest.info.version, legacy.version);
  proxy.fail("/@v/!main.info", { status: 200, body: '{"Version":"v1.1.0-pre"}' });
  assert.equal((await upstream.resolve(path, "Main", never)).info.version, "v1.1.0-pre");
  await assert.rejects(upstream.resolve(path, "feature/x", never), failsWith("bad_request"));
});

const lists: readonly [what: string, list: string, latest: string][] = [
  ["releases", "v1.1.0-pre\nv1.0.0\n", "v1.0.0"],
  ["pre-releases alone", "v1.1.0-pre\nv1.1.0-alpha", "v1.1.0-pre"],
];
for (const [what, list, latest] of lists) {
  test(`without @latest a list of ${what} says what the latest version is`, async (t) => {
    const { proxy, upstream } = await served(t);
    proxy.fail("/@latest", { status: 404 });
    proxy.fail("/list", { status: 200, body: list });
    assert.equal((await upstream.resolve(path, "latest", never)).info.version, latest);
  });
}

test("without @latest and without tags the newest line of the list is the latest version", async (t) => {
  const { proxy, upstream } = await served(t);
  const newest = "v0.0.0-20200102030405-abcdefabcdef";
  proxy.fail("/@latest", { status: 410 });
  proxy.fail("/list", { status: 200, body: `v0.0.0-20190102030405-aaaaaaaaaaaa\n${newest}\n` });
  assert.equal((await upstream.resolve(path, "latest", never)).info.version, newest);
});

test("without @latest and with an empty list there is no latest version", async (t) => {
  const { proxy, upstream } = await served(t);
  proxy.fail("/@latest", { status: 404 });
  proxy.fail("/list", { status: 200, body: "" });
  await assert.rejects(upstream.resolve(path, "latest", never), failsWith("not_found"));
});

test("what does not exist is not found, with the upstream's own reason", async (t) => {
  const { upstream } = await served(t);
  const gone = { path, version: parseVersion("v1.2.9") };
  const sentence = `${upstream.name} says: unknown revision v1.2.9`;
  const expected = { code: "not_found", message: sentence, subject: gone };
  const asked = [upstream.info(gone, never), upstream.mod(gone, never), upstream.zip(gone, never)];
  await Promise.all(asked.map((one) => assert.rejects(one, expected)));
  await assert.rejects(upstream.list(parseModulePath("example.com/none"), never), {
    code: "not_found",
  });
});

const wrongInfos: readonly [what: string, body: string, code: ProxyFailureCode][] = [
  ["another version", '{"Version":"v1.0.1"}', "invalid_module"],
  ["no version", '{"Time":"2020-01-02T03:04:05Z"}', "upstream_unavailable"],
  ["an incomplete version", '{"Version":"v1"}', "upstream_unavailable"],
  ["no JSON", "<html>Log in</html>", "upstream_unavailable"],
  ["nothing", "", "upstream_unavailable"],
  ["too much", " ".repeat(2 ** 20 + 1), "upstream_unavailable"],
];
for (const [what, body, code] of wrongInfos) {
  test(`an info document with ${what} is ${code}`, async (t) => {
    const { proxy, upstream } = await served(t);
    proxy.fail(".info", { status: 200, body });
    await assert.rejects(upstream.info(v1, never), failsWith(code));
  });
}

test("a query may only mean a version that the module can have", async (t) => {
  const { proxy, upstream } = await served(t);
  proxy.fail(".info", { status: 200, body: '{"Version":"v2.0.0"}' });
  await assert.rejects(upstream.resolve(path, "main", never), failsWith("invalid_module"));
});

test("a web page is no go.mod and no list", async (t) => {
  const { proxy, upstream } = await served(t);
  proxy.fail("", { status: 200, body: "\n <!doctype html><title>Log in</title>" });
  await assert.rejects(upstream.mod(v1, never), failsWith("upstream_unavailable", /web page/));
  await assert.rejects(upstream.list(path, never), failsWith("upstream_unavailable", /web page/));
});

for (const coding of ["gzip", "deflate", "br"] as const) {
  test(`${coding} is undone, for zips too`, async (t) => {
    const { proxy, upstream, fixtures } = await served(t);
    proxy.fail("", { coding });
    assert.deepEqual(Buffer.from(await upstream.mod(v1, never)), fixtures[0]?.mod);
    assert.equal((await upstream.list(path, never)).length, 3);
    const zip = await upstream.zip(v1, never);
    assert.equal(zip.size, undefined);
    assert.deepEqual(
      Buffer.concat(await Array.fromAsync(zip.body, (chunk) => Buffer.from(chunk))),
      fixtures[0]?.zip,
    );
  });
}

const badCodings: readonly [what: string, fault: Fault][] = [
  ["unknown", { status: 200, body: "x", headers: { "content-encoding": "compress" } }],
  ["false", { status: 200, body: "x", headers: { "content-encoding": "gzip" } }],
];
for (const [what, fault] of badCodings) {
  test(`a content coding that is ${what} is an upstream's failure`, async (t) => {
    const { proxy, upstream } = await served(t);
    proxy.fail("", fault);
    await assert.rejects(upstream.mod(v1, never), failsWith("upstream_unavailable"));
    const read = upstream.zip(v1, never).then(({ body }) => Array.fromAsync(body));
    await assert.rejects(read, failsWith("upstream_unavailable"));
  });
}

test("a compressed text that unpacks to too much is refused", async (t) => {
  const bomb = gzipSync(Buffer.alloc(17 * 2 ** 20));
  const server = createServer((_request, response) =>
    response.writeHead(200, { "content-encoding": "gzip" }).end(bomb),
  );
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  await using client = impatientClient();
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const upstream = client.upstream(`http://127.0.0.1:${port}`);
  await assert.rejects(upstream.mod(v1, never), failsWith("upstream_unavailable", /16 MiB/));
});
