import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Once } from "./once.ts";

const present = new AbortController().signal;

/** Work that ends when told to. */
function heldWork<T>(): {
  readonly work: (signal: AbortSignal) => Promise<T>;
  readonly started: Promise<AbortSignal>;
  readonly end: (value: T) => void;
  readonly fail: (failure: Error) => void;
  calls: number;
} {
  const started = Promise.withResolvers<AbortSignal>();
  const ended = Promise.withResolvers<T>();
  const held = {
    work: (signal: AbortSignal) => {
      held.calls += 1;
      started.resolve(signal);
      return ended.promise;
    },
    started: started.promise,
    end: ended.resolve,
    fail: ended.reject,
    calls: 0,
  };
  return held;
}

describe("Once", () => {
  it("runs the work of a key once and gives everybody its result", async () => {
    const once = new Once<string>();
    const held = heldWork<string>();
    const askers = Array.from({ length: 50 }, () => once.run("k", present, held.work));
    await held.started;
    held.end("v");
    assert.deepEqual(new Set(await Promise.all(askers)), new Set(["v"]));
    assert.equal(held.calls, 1);
    assert.equal(once.running, 0);
  });

  it("remembers neither results nor failures", async () => {
    const once = new Once<number>();
    const failing = once.run("k", present, () => Promise.reject(new Error("no")));
    await assert.rejects(failing, /no/);
    assert.equal(await once.run("k", present, () => Promise.resolve(1)), 1);
    assert.equal(await once.run("k", present, () => Promise.resolve(2)), 2);
  });

  it("keeps keys apart", async () => {
    const once = new Once<string>();
    const both = ["a", "b"].map((key) => once.run(key, present, () => Promise.resolve(key)));
    assert.deepEqual(await Promise.all(both), ["a", "b"]);
  });

  it("lets one asker leave without disturbing the others", async () => {
    const once = new Once<string>();
    const held = heldWork<string>();
    const leaving = new AbortController();
    const left = once.run("k", leaving.signal, held.work);
    const stayed = once.run("k", present, held.work);
    const signal = await held.started;
    leaving.abort(new Error("left"));
    await assert.rejects(left, /left/);
    assert.equal(signal.aborted, false);
    held.end("v");
    assert.equal(await stayed, "v");
  });

  it("stops the work when the last asker has left, and starts anew for the next", async () => {
    const once = new Once<string>();
    const held = heldWork<string>();
    const leaving = new AbortController();
    const left = once.run("k", leaving.signal, held.work);
    const signal = await held.started;
    leaving.abort(new Error("left"));
    await assert.rejects(left, /left/);
    assert.equal(signal.aborted, true);
    assert.equal(await once.run("k", present, () => Promise.resolve("new")), "new");
    held.fail(new Error("stopped"));
  });

  it("lets work go on that has said so", async () => {
    const once = new Once<string>();
    const held = heldWork<string>();
    const leaving = new AbortController();
    const left = once.run("k", leaving.signal, (signal, keepGoing) => {
      keepGoing();
      return held.work(signal);
    });
    const signal = await held.started;
    leaving.abort(new Error("left"));
    await assert.rejects(left, /left/);
    assert.equal(signal.aborted, false);
    const joined = once.run("k", present, () => Promise.reject(new Error("not called")));
    held.end("v");
    assert.equal(await joined, "v");
  });

  it("rejects who has left already, without starting anything", async () => {
    const once = new Once<string>();
    const held = heldWork<string>();
    await assert.rejects(once.run("k", AbortSignal.abort(new Error("gone")), held.work), /gone/);
    assert.equal(held.calls, 0);
  });
});
