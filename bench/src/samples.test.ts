// Tests of the arithmetic of repeated measurements.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inTurns, median, percentile, ratios, spread } from "./samples.ts";

test("median is the middle figure, whatever the order", () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([10, 2, 4, 100]), 7);
  assert.equal(median([3]), 3);
  assert.throws(() => median([]), /without figures/);
});

test("percentile is the figure that so many do not exceed", () => {
  const hundred = Array.from({ length: 100 }, (_, n) => 100 - n);
  assert.equal(percentile(hundred, 0.99), 99);
  assert.equal(percentile(hundred, 1), 100);
  assert.equal(percentile([7], 0.99), 7);
  assert.equal(percentile([1, 2], 0), 1);
  assert.throws(() => percentile([], 0.5), /without figures/);
});

test("ratios pairs the rounds", () => {
  assert.deepEqual(ratios([2, 9], [1, 3]), [2, 3]);
  assert.throws(() => ratios([1], [1, 2]), /as many figures/);
});

test("spread names the least and the greatest", () => {
  assert.equal(spread([1.26, 0.5, 2], 1), "0.5–2.0");
});

test("inTurns measures everybody once a round and lets another begin each time", async () => {
  const order: string[] = [];
  const measured = await inTurns(["a", "b", "c"], 3, async (name, round) => {
    order.push(`${name}${round}`);
    return round;
  });
  assert.equal(order.join(" "), "a0 b0 c0 b1 c1 a1 c2 a2 b2");
  assert.deepEqual(
    [...measured],
    [
      ["a", [0, 1, 2]],
      ["b", [0, 1, 2]],
      ["c", [0, 1, 2]],
    ],
  );
});
