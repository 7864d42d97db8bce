import assert from "node:assert/strict";
import { test } from "node:test";
import { backoffMs, spread } from "./backoff.ts";

test("a wait doubles with every failure until it is as long as it may be", () => {
  const waits = [0, 1, 2, 5, 6, 1_000].map((failures) => backoffMs(failures, 2_000, 60_000));
  assert.deepEqual(waits, [2_000, 4_000, 8_000, 60_000, 60_000, 60_000]);
});

test("machines that ask every two seconds do so 20 % sooner or later", () => {
  const waits = [0, 0.5, 1].map((fraction) =>
    Math.round(spread(2_000, 0.2, { fraction: () => fraction })),
  );
  assert.deepEqual(waits, [1_600, 2_000, 2_400]);
});
