import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RunningWork } from "./running-work.ts";
import { WorkPlaces } from "./work-places.ts";

const never = new AbortController().signal;

describe("WorkPlaces", () => {
  it("lets so many work, so many wait, and refuses the others", async () => {
    const places = new WorkPlaces({ concurrent: 2, waiting: 1 });
    const gates = [0, 1, 2].map(() => Promise.withResolvers<number>());
    const started: number[] = [];
    const works = gates.map(({ promise }, index) =>
      places.run(never, () => {
        started.push(index);
        return promise;
      }),
    );
    await assert.rejects(
      places.run(never, async () => 0),
      { code: "overloaded" },
    );
    assert.deepEqual(started, [0, 1]);
    gates[1]!.resolve(1);
    await works[1];
    gates[2]!.resolve(2);
    assert.equal(await works[2], 2);
    assert.deepEqual(started, [0, 1, 2]);
    gates[0]!.resolve(0);
    await Promise.all(works);
    assert.equal(await places.run(never, async () => 7), 7);
  });

  it("gives the place of work that failed to the next, and not to one that has left", async () => {
    const places = new WorkPlaces({ concurrent: 1, waiting: 5 });
    const gate = Promise.withResolvers<void>();
    const first = places.run(never, () => gate.promise);
    const leaving = new AbortController();
    const left = places.run(leaving.signal, async () => "left");
    const next = places.run(never, async () => "next");
    leaving.abort(new Error("gone"));
    gate.reject(new Error("failed"));
    await assert.rejects(first, { message: "failed" });
    await assert.rejects(left, { message: "gone" });
    assert.equal(await next, "next");
  });
});

describe("RunningWork", () => {
  it("is done once for all who ask meanwhile, also if some leave", async () => {
    const works = new RunningWork<number>();
    const gate = Promise.withResolvers<number>();
    let runs = 0;
    const work = () => {
      runs += 1;
      return gate.promise;
    };
    const leaving = new AbortController();
    const [left, stays] = [works.join("k", leaving.signal, work), works.join("k", never, work)];
    leaving.abort(new Error("gone"));
    await assert.rejects(left, { message: "gone" });
    gate.resolve(5);
    assert.equal(await stays, 5);
    assert.equal(runs, 1);
    assert.equal(await works.join("k", never, async () => 6), 6);
  });
});
