import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { freePort } from "./free-port.ts";

test("ports are of nobody, not given twice, and none that the system gives away", async () => {
  const ports: number[] = [];
  for (let asked = 0; asked < 10; asked += 1) ports.push(await freePort());
  assert.equal(new Set(ports).size, 10);
  assert.ok(ports.every((port) => port >= 10_000 && port < 20_000));
});

test("a port that somebody listens on is passed over", async () => {
  const held = createServer().listen(await freePort(), "127.0.0.1");
  await once(held, "listening");
  const { port } = held.address() as { port: number };
  for (let asked = 0; asked < 20; asked += 1) assert.notEqual(await freePort(), port);
  held.close();
});
