// The digest of a source is that of all its bytes, however it was read.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { type ByteSource, memorySource } from "./byte-source.ts";
import { DigestedSource } from "./digested-source.ts";

const bytes = Uint8Array.from({ length: 700_001 }, (_, at) => (at * 31) % 251);
const expected = createHash("sha256").update(bytes).digest("hex");

/** A source that counts what is read of it. */
function counted(source: ByteSource): ByteSource & { readonly count: () => number } {
  let count = 0;
  return {
    size: source.size,
    read(position, into) {
      const read = source.read(position, into);
      count += read;
      return read;
    },
    count: () => count,
  };
}

for (const [how, reads] of [
  ["not at all", []],
  ["from its end", [[600_000, 100_001]]],
  ["in its order", [...Array(8).keys()].map((n) => [n * 100_000, 100_000] as const)],
  [
    "the end first, overlapping, with gaps, and twice",
    [
      [699_000, 1001],
      [0, 1000],
      [500, 1000],
      [1600, 400_000],
      [0, 1000],
      [1500, 300_000],
      [300_000, 100],
    ],
  ],
] as const) {
  test(`read ${how}`, () => {
    const source = new DigestedSource(memorySource(bytes));
    for (const [position, length] of reads) {
      const into = Buffer.alloc(Math.min(length, bytes.length - position));
      assert.equal(source.read(position, into), into.length);
      assert.ok(into.equals(bytes.subarray(position, position + into.length)));
    }
    assert.equal(source.digest(), expected);
  });
}

test("what has gone by is not read again", () => {
  const inside = counted(memorySource(bytes));
  const source = new DigestedSource(inside);
  const into = Buffer.alloc(100_000);
  for (let at = 0; at < 600_000; at += into.length) source.read(at, into);
  assert.equal(source.digest(), expected);
  assert.equal(inside.count(), bytes.length);
});

test("an empty source, and one that ends earlier than it says", () => {
  const none = createHash("sha256").digest("hex");
  assert.equal(new DigestedSource(memorySource(new Uint8Array())).digest(), none);
  const short: ByteSource = { ...memorySource(bytes), size: bytes.length + 10 };
  assert.equal(new DigestedSource(short).digest(), expected);
});
