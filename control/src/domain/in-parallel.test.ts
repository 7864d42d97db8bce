import assert from "node:assert/strict";
import { test } from "node:test";
import { inParallel } from "./in-parallel.ts";

test("inParallel works on so many at once, never on more, and keeps their order", async () => {
  const waiting: (() => void)[] = [];
  let most = 0;
  let running = 0;
  const items = Array.from({ length: 10 }, (_, at) => at);
  const all = inParallel(
    items,
    async (item) => {
      running++;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => waiting.push(resolve));
      running--;
      return item * 2;
    },
    3,
  );
  let isDone = false;
  void all.then(() => {
    isDone = true;
  });
  while (!isDone) {
    // The one that came last is let go first.
    waiting.pop()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(
    await all,
    items.map((item) => item * 2),
  );
  assert.equal(most, 3);
});

test("inParallel fails with the first failure and begins nothing after it", async () => {
  const begun: number[] = [];
  const work = async (item: number): Promise<void> => {
    begun.push(item);
    if (item === 2) throw new Error("the store is away");
  };
  await assert.rejects(inParallel([1, 2, 3, 4, 5, 6], work, 1), /the store is away/);
  assert.deepEqual(begun, [1, 2]);
  assert.deepEqual(await inParallel([], work), []);
});
