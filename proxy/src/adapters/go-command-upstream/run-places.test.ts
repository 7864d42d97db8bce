import assert from "node:assert/strict";
import { test } from "node:test";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import { RunPlaces } from "./run-places.ts";

const never = new AbortController().signal;

/** Work that goes on until it is told to end. */
function work(places: RunPlaces, log: string[], name: string, alone = false) {
  const end = Promise.withResolvers<void>();
  const run = async (): Promise<void> => {
    log.push(`+${name}`);
    await end.promise;
    log.push(`-${name}`);
  };
  const done = alone ? places.alone(never, run) : places.run(never, run);
  return { end: end.resolve, done };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

test("so many run at once, the others wait in order, and beyond that they are turned away", async () => {
  const places = new RunPlaces({ concurrent: 1, waiting: 1 });
  const log: string[] = [];
  const first = work(places, log, "a");
  const second = work(places, log, "b");
  assert.equal(places.waiting, 1);
  await assert.rejects(
    places.run(never, async () => undefined),
    (failure) => {
      assert.ok(failure instanceof ProxyFailure);
      return failure.code === "overloaded";
    },
  );
  first.end();
  second.end();
  await Promise.all([first.done, second.done]);
  assert.deepEqual(log, ["+a", "-a", "+b", "-b"]);
});

test("who wants to be alone waits until nobody runs, and who comes later waits for him", async () => {
  const places = new RunPlaces({ concurrent: 2, waiting: 9 });
  const log: string[] = [];
  const first = work(places, log, "a");
  const alone = work(places, log, "alone", true);
  const later = work(places, log, "b");
  await settled();
  assert.deepEqual(log, ["+a"]);
  first.end();
  await first.done;
  await settled();
  assert.deepEqual(log, ["+a", "-a", "+alone"]);
  alone.end();
  later.end();
  await Promise.all([alone.done, later.done]);
  assert.deepEqual(log.slice(3), ["-alone", "+b", "-b"]);
});

test("who leaves while waiting keeps nobody from a place", async () => {
  const places = new RunPlaces({ concurrent: 1, waiting: 9 });
  const log: string[] = [];
  const first = work(places, log, "a");
  const leaving = new AbortController();
  const gone = places.alone(leaving.signal, async () => undefined);
  const second = work(places, log, "b");
  leaving.abort(new Error("left"));
  await assert.rejects(gone, /left/);
  first.end();
  second.end();
  await Promise.all([first.done, second.done]);
  assert.deepEqual(log, ["+a", "-a", "+b", "-b"]);
});
