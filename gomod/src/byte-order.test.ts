import assert from "node:assert/strict";
import { test } from "node:test";
import { compareBytewise } from "./byte-order.ts";

const ascending = [
  "",
  "A",
  "AB",
  "a",
  "a\0",
  "a/b",
  "ab",
  "é",
  "\ud7ff",
  "\ue000",
  "\uffff",
  "\u{10000}",
  "\u{10000}a",
  "\u{10ffff}",
];

test("compareBytewise orders texts as their UTF-8 bytes are ordered", () => {
  for (const [i, a] of ascending.entries()) {
    for (const [j, b] of ascending.entries()) {
      assert.equal(compareBytewise(a, b), Math.sign(i - j), JSON.stringify([a, b]));
      assert.equal(Buffer.compare(Buffer.from(a), Buffer.from(b)), Math.sign(i - j));
    }
  }
});
