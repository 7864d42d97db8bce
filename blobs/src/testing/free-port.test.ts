import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { freePort } from "./free-port.ts";

test("ports are of nobody, not given twice, also not at once, and none that the system or an agent gives away", async () => {
  const ports = await Promise.all(Array.from({ length: 40 }, freePort));
  assert.equal(new Set(ports).size, 40);
  assert.ok(ports.every((port) => port > 20_000 && port < 32_768));
});

test("a port that somebody listens on is passed over", async () => {
  const held = createServer().listen(await freePort(), "127.0.0.1");
  await once(held, "listening");
  const { port } = held.address() as { port: number };
  for (let asked = 0; asked < 20; asked += 1) assert.notEqual(await freePort(), port);
  held.close();
});
