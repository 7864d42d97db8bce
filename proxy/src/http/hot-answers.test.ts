import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { immutable, shortLived } from "./answer.ts";
import { HotAnswers } from "./hot-answers.ts";

function setUp(capacityBytes = 1 << 20) {
  const clock = { ms: 0 };
  const hot = new HotAnswers<string>({ capacityBytes, now: () => clock.ms });
  const set = (target: string, freshness = immutable, sizeBytes = 10) =>
    hot.set(target, { make: (ageMs) => `age ${ageMs}`, freshness, sizeBytes });
  return { clock, hot, set };
}

describe("HotAnswers", () => {
  it("keeps what never changes for ever", () => {
    const { clock, hot, set } = setUp();
    set("/a");
    clock.ms = Number.MAX_SAFE_INTEGER;
    assert.equal(hot.get("/a")?.immutable, true);
    assert.equal(hot.get("/a")?.sendable, "age undefined");
    assert.equal(hot.get("/b"), undefined);
  });

  it("lets what ages go when its time is over, and says its age until then", () => {
    const { clock, hot, set } = setUp();
    set("/a", shortLived(60_000, 20_000, false));
    assert.equal(hot.get("/a")?.sendable, "age 20000");
    clock.ms = 1999;
    assert.equal(hot.get("/a")?.sendable, "age 21000");
    clock.ms = 39_999;
    assert.equal(hot.get("/a")?.sendable, "age 59000");
    clock.ms = 40_000;
    assert.equal(hot.get("/a"), undefined);
    assert.equal(hot.sizeBytes, 0);
  });

  it("forgets what may change when it is told so, and nothing else", () => {
    const { hot, set } = setUp();
    const { generation } = hot;
    set("/a");
    set("/b", shortLived(60_000, 0, false));
    hot.expire();
    assert.notEqual(hot.generation, generation);
    assert.ok(hot.get("/a"));
    assert.equal(hot.get("/b"), undefined);
    set("/b", shortLived(60_000, 0, false));
    assert.ok(hot.get("/b"));
  });

  it("keeps nothing that is stale or holds for this moment only", () => {
    const { hot, set } = setUp();
    set("/a", shortLived(60_000, 70_000, true));
    set("/b", shortLived(0, 0, false));
    assert.equal(hot.get("/a"), undefined);
    assert.equal(hot.get("/b"), undefined);
  });

  it("stays within its capacity and spares what was asked for", () => {
    const { hot, set } = setUp(10_000);
    set("/asked-for");
    for (let index = 0; index < 100; index += 1) {
      assert.ok(hot.get("/asked-for"), `after ${index} others`);
      set(`/other-${index}`);
      assert.ok(hot.sizeBytes <= 10_000);
    }
    assert.equal(hot.get("/other-0"), undefined);
    assert.ok(hot.get("/other-99"));
  });

  it("refuses an answer that would push out many others", () => {
    const { hot, set } = setUp(10_000);
    set("/large", immutable, 5000);
    assert.equal(hot.get("/large"), undefined);
  });
});
