// Tests of timestamps.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { timestamps } from "./timestamps.ts";

test("timestamps follow the clock, forwards and backwards", () => {
  let nowMs = Date.UTC(2026, 0, 2, 3, 4, 5, 6);
  const now = timestamps(() => nowMs);
  assert.equal(now(), "2026-01-02T03:04:05.006Z");
  assert.equal(now(), "2026-01-02T03:04:05.006Z");
  nowMs += 1;
  assert.equal(now(), "2026-01-02T03:04:05.007Z");
  nowMs -= 1000;
  assert.equal(now(), "2026-01-02T03:04:04.007Z");
});
