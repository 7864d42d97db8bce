import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import { RememberedAnswers } from "./remembered-answers.ts";

const present = new AbortController().signal;
const lifetimes = { freshMs: 60_000, absentMs: 10_000, patienceMs: 3000, retryMs: 5000 };

function setUp(capacity = { entries: 100, bytes: 1 << 20 }) {
  const clock = { ms: 0 };
  const upstream = {
    calls: 0,
    answer: (): Promise<string> => Promise.resolve("v"),
  };
  const remembered = new RememberedAnswers<string>({
    lifetimes,
    capacity,
    sizeOf: (value) => value.length,
    now: () => clock.ms,
  });
  const get = (key = "k", signal = present) =>
    remembered.get(key, signal, () => {
      upstream.calls += 1;
      return upstream.answer();
    });
  return { clock, upstream, remembered, get };
}

const absent = () => Promise.reject(new ProxyFailure("not_found", "there is no such thing"));
const down = () => Promise.reject(new ProxyFailure("upstream_unavailable", "it is down"));

describe("RememberedAnswers", () => {
  it("asks once and gives the answer out until its time is over", async () => {
    const { clock, upstream, get } = setUp();
    assert.deepEqual(await get(), { value: "v", ageMs: 0, stale: false, asked: true });
    clock.ms = 59_999;
    assert.deepEqual(await get(), { value: "v", ageMs: 59_999, stale: false, asked: false });
    assert.equal(upstream.calls, 1);
  });

  it("asks again when the time is over", async () => {
    const { clock, upstream, get } = setUp();
    await get();
    clock.ms = 60_000;
    upstream.answer = () => Promise.resolve("w");
    assert.deepEqual(await get(), { value: "w", ageMs: 0, stale: false, asked: true });
  });

  it("gives the old answer out as stale when the upstream fails, and leaves it in peace for a while", async () => {
    const { clock, upstream, get } = setUp();
    await get();
    clock.ms = 70_000;
    upstream.answer = down;
    assert.deepEqual(await get(), { value: "v", ageMs: 70_000, stale: true, asked: true });
    clock.ms = 74_999;
    assert.deepEqual(await get(), { value: "v", ageMs: 74_999, stale: true, asked: false });
    assert.equal(upstream.calls, 2);
    clock.ms = 75_000;
    upstream.answer = () => Promise.resolve("w");
    assert.equal((await get()).value, "w");
  });

  it("gives the old answer out when the new one takes too long, and takes the new one when it comes", async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      const { clock, upstream, get } = setUp();
      await get();
      clock.ms = 70_000;
      const late = Promise.withResolvers<string>();
      const asked = Promise.withResolvers<void>();
      upstream.answer = () => {
        asked.resolve();
        return late.promise;
      };
      const impatient = get();
      await asked.promise;
      mock.timers.tick(lifetimes.patienceMs);
      assert.equal((await impatient).stale, true);
      late.resolve("w");
      await late.promise;
      await new Promise(setImmediate);
      assert.deepEqual(await get(), { value: "w", ageMs: 0, stale: false, asked: false });
    } finally {
      mock.timers.reset();
    }
  });

  it("remembers an absence, for a shorter time", async () => {
    const { clock, upstream, get } = setUp();
    upstream.answer = absent;
    await assert.rejects(get(), { code: "not_found" });
    await assert.rejects(get(), { code: "not_found" });
    assert.equal(upstream.calls, 1);
    clock.ms = 10_000;
    upstream.answer = () => Promise.resolve("v");
    assert.equal((await get()).value, "v");
  });

  it("takes an absence for an answer, also where there was an older one", async () => {
    const { clock, upstream, get } = setUp();
    await get();
    clock.ms = 60_000;
    upstream.answer = absent;
    await assert.rejects(get(), { code: "not_found" });
  });

  it("does not remember any other failure", async () => {
    const { upstream, get } = setUp();
    upstream.answer = down;
    await assert.rejects(get(), { code: "upstream_unavailable" });
    upstream.answer = () => Promise.resolve("v");
    assert.equal((await get()).value, "v");
  });

  it("does not answer an absence with an outage's stale answer: there is none", async () => {
    const { clock, upstream, get } = setUp();
    upstream.answer = absent;
    await assert.rejects(get(), { code: "not_found" });
    clock.ms = 10_000;
    upstream.answer = down;
    await assert.rejects(get(), { code: "upstream_unavailable" });
  });

  it("runs one question per key at a time", async () => {
    const { upstream, get } = setUp();
    const held = Promise.withResolvers<string>();
    upstream.answer = () => held.promise;
    const all = Array.from({ length: 20 }, () => get());
    held.resolve("v");
    await Promise.all(all);
    assert.equal(upstream.calls, 1);
  });

  it("forgets the queries of a module, and nothing else", async () => {
    const { upstream, remembered, get } = setUp();
    await get("k@main");
    await get("k");
    await remembered.forgetQueries("k");
    await get("k");
    assert.equal(upstream.calls, 2);
    await get("k@main");
    assert.equal(upstream.calls, 3);
    assert.ok(remembered.sizeBytes > 0);
  });

  it("looks again after an answer has expired, and has it still when nobody answers", async () => {
    const { upstream, remembered, get } = setUp();
    await get();
    remembered.expire("k");
    upstream.answer = down;
    assert.equal((await get()).value, "v");
    assert.equal(upstream.calls, 2);
    remembered.expire();
    upstream.answer = () => Promise.resolve("w");
    assert.equal((await get()).value, "w");
  });

  it("does not hold for fresh what was asked before an answer expired", async () => {
    const { upstream, remembered, get } = setUp();
    const late = Promise.withResolvers<string>();
    const asked = Promise.withResolvers<void>();
    upstream.answer = () => {
      asked.resolve();
      return late.promise;
    };
    const early = get();
    await asked.promise;
    remembered.expire("k");
    late.resolve("v");
    assert.equal((await early).value, "v");
    upstream.answer = () => Promise.resolve("w");
    assert.equal((await get()).value, "w");
  });

  it("stays within its capacity and drops what was used longest ago", async () => {
    const { upstream, remembered, get } = setUp({ entries: 2, bytes: 1 << 20 });
    await get("a");
    await get("b");
    await get("a");
    await get("c");
    upstream.calls = 0;
    await get("a");
    await get("c");
    assert.equal(upstream.calls, 0);
    await get("b");
    assert.equal(upstream.calls, 1);
    const small = setUp({ entries: 100, bytes: 1000 });
    for (let index = 0; index < 50; index += 1) await small.get(`key ${index}`);
    assert.ok(small.remembered.sizeBytes <= 1000);
    assert.ok(remembered.sizeBytes > 0);
  });
});
