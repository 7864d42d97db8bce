// Many who ask for one list at once, the hottest lists, and what an outage does to them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { until } from "./testing/bounded-wait.ts";
import { ask } from "./testing/http-answer.ts";
import { proxiedModules, smallModule } from "./testing/proxied-modules.ts";

const slowList = "/example.com/slow/@v/list";
const otherList = "/example.com/other/@v/list";

test("200 lists of a module at once are one question to an upstream that takes a second, and delay no other module", async () => {
  const slow = await smallModule("example.com/slow", "v1.0.0");
  const other = await smallModule("example.com/other", "v1.0.0");
  await using scene = await proxiedModules([slow, other], { env: { STOA_LIST_TTL: "6" } });
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  scene.upstream.fail(slowList, { until: gate.promise.then(() => setTimeout(1000)) });
  const all = Array.from({ length: 200 }, async () => {
    const answer = await ask(`${scene.stoa.url}${slowList}`);
    order.push("slow");
    return answer;
  });
  await scene.upstream.requested(slowList);
  assert.equal((await ask(`${scene.stoa.url}${otherList}`)).text, "v1.0.0\n");
  order.push("other");
  gate.resolve();
  for (const answer of await Promise.all(all)) {
    assert.equal(answer.status, 200);
    assert.equal(answer.text, "v1.0.0\n");
  }
  assert.equal(order[0], "other");
  const asked = scene.upstream.requests.filter(({ path }) => path === slowList);
  assert.equal(asked.length, 1);

  await scene.upstream.close();
  const stale = await until("a stale list", async () => {
    const answer = await ask(`${scene.stoa.url}${slowList}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.headers.warning !== undefined && answer;
  });
  assert.equal(stale.text, "v1.0.0\n");
  assert.ok(Number(stale.headers.age) >= 1);
});

test("a list that is asked for is renewed before it expires; one that nobody asks for is not", async () => {
  const hot = await smallModule("example.com/hot", "v1.0.0");
  const env = { STOA_LIST_TTL: "2", STOA_HOT_LISTS: "1" };
  await using scene = await proxiedModules([hot], { env });
  const target = "/example.com/hot/@v/list";
  const asked = (): number => scene.upstream.requests.filter(({ path }) => path === target).length;
  for (let n = 0; n < 20; n++) await ask(`${scene.stoa.url}${target}`);
  await until("a question that no client has caused", () => asked() >= 3);

  await using cold = await proxiedModules([hot], { env: { ...env, STOA_HOT_LISTS: "0" } });
  await ask(`${cold.stoa.url}${target}`);
  await until("two more questions elsewhere", () => asked() >= 4);
  assert.equal(cold.upstream.requests.filter(({ path }) => path === target).length, 1);
});
