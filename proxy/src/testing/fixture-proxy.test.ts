// That the proxy of the tests does what the tests rely on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseModulePath } from "@stoa/gomod";
import { fixturesFrom } from "@stoa/gomod/testing";
import { fixtureProxy } from "./fixture-proxy.ts";

const path = parseModulePath("example.com/M");
const fixtures = await fixturesFrom(
  ["v1.0.0", "v1.1.0", "v2.0.0-pre+incompatible", "v0.0.0-20200102030405-abcdefabcdef"].map(
    (version) => `module ${path}@${version}\n-- a.go --\npackage a\n`,
  ),
);
const base = "/example.com/!m/@v";

test("a fixture proxy serves its modules as the public mirror does", async () => {
  await using proxy = await fixtureProxy(fixtures);
  const text = async (file: string): Promise<string> => (await fetch(proxy.url + file)).text();
  assert.equal(await text(`${base}/list`), "v1.0.0\nv1.1.0\nv2.0.0-pre+incompatible\n");
  assert.match(await text("/example.com/!m/@latest"), /"v1\.1\.0"/);
  assert.equal(await text(`${base}/v1.0.0.mod`), `module ${path}\n`);
  const zip = await fetch(`${proxy.url}${base}/v2.0.0-pre+incompatible.zip`);
  assert.deepEqual(Buffer.from(await zip.arrayBuffer()), fixtures[2]?.zip);
  const none = await fetch(`${proxy.url}${base}/v9.0.0.info`);
  assert.equal(none.status, 404);
  assert.equal(
    await none.text(),
    "not found: example.com/M@v9.0.0: invalid version: unknown revision v9.0.0",
  );
});

test("it remembers what it was asked", async () => {
  await using proxy = await fixtureProxy(fixtures);
  const coming = proxy.requested(/\.info$/);
  await fetch(`${proxy.url}${base.replace("!", "%21")}/v1.0.0.info`, { method: "HEAD" });
  const { method, path: asked, ended } = await coming;
  assert.deepEqual([method, asked], ["HEAD", `${base}/v1.0.0.info`]);
  assert.equal(await ended, "whole");
  assert.equal(await proxy.requested("info"), proxy.requests[0]);
});

test("faults come as often as told, the last one first, until it is healed", async () => {
  await using proxy = await fixtureProxy(fixtures);
  const status = async (): Promise<number> => (await fetch(`${proxy.url}${base}/list`)).status;
  proxy.fail("/list", { status: 500 });
  proxy.fail("/list", { status: 503, times: 1 });
  assert.deepEqual([await status(), await status(), await status()], [503, 500, 500]);
  proxy.heal();
  assert.equal(await status(), 200);
});

test("an answer can be held back", async () => {
  await using proxy = await fixtureProxy(fixtures);
  const { promise, resolve } = Promise.withResolvers<void>();
  proxy.fail("/list", { until: promise });
  let answered = false;
  const asked = fetch(`${proxy.url}${base}/list`).then(() => {
    answered = true;
  });
  await proxy.requested("/list");
  assert.equal(answered, false);
  resolve();
  await asked;
});

test("closing breaks off what hangs", async () => {
  const proxy = await fixtureProxy(fixtures);
  proxy.fail("", { hang: true });
  const asked = fetch(`${proxy.url}${base}/list`);
  const { ended } = await proxy.requested("/list");
  await Promise.all([proxy.close(), assert.rejects(asked)]);
  assert.equal(await ended, "broken");
  await proxy.close();
});
