// Tests of buffer-pool.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BufferPool } from "./buffer-pool.ts";

test("BufferPool hands a buffer out again only after it was given back", () => {
  const pool = new BufferPool(2);
  const first = pool.take();
  assert.notEqual(pool.take(), first);
  pool.giveBack(first);
  assert.equal(pool.take(), first);
  assert.equal(pool.taken, 2);
});

test("BufferPool lends a small buffer when none of its own is left, and lends it again", () => {
  const pool = new BufferPool(1);
  const own = pool.take();
  const spare = pool.take();
  assert.ok(spare.length < own.length);
  assert.equal(pool.taken, 1);
  pool.giveBack(spare);
  assert.equal(pool.take(), spare);
});

test("BufferPool replaces a forgotten buffer", () => {
  const pool = new BufferPool(1);
  const lost = pool.take();
  pool.forget(lost);
  assert.equal(pool.taken, 0);
  const next = pool.take();
  assert.notEqual(next, lost);
  assert.equal(next.length, lost.length);
  pool.giveBack(next);
  assert.equal(pool.taken, 0);
});
