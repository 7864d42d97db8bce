// Tests of remembered files.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PackedContent } from "@stoa/gomod/zip";
import { PackedFiles } from "./packed-files.ts";

const packed = (length: number): PackedContent => ({
  deflated: Buffer.alloc(length),
  crc32: 0,
  sha256: "",
  sizeBytes: length,
});

test("PackedFiles remembers the files of a repository, and not those of another", () => {
  const files = new PackedFiles(10_000);
  files.keep("here", "a", packed(10));
  assert.deepEqual([...files.known("here", ["a", "b"]).keys()], ["a"]);
  assert.deepEqual([...files.known("there", ["a"]).keys()], []);
});

test("PackedFiles forgets what was not used for longest, and takes nothing large", () => {
  const files = new PackedFiles(5 * 1600);
  for (const name of ["a", "b", "c", "d", "e"]) files.keep("here", name, packed(1000));
  files.known("here", ["a"]);
  files.keep("here", "f", packed(1000));
  files.keep("here", "g", packed(70_000));
  const all = ["a", "b", "c", "d", "e", "f", "g"];
  assert.deepEqual([...files.known("here", all).keys()], ["a", "c", "d", "e", "f"]);
});

test("PackedFiles knows what it has room for", () => {
  const files = new PackedFiles(10_000);
  assert.ok(files.hasRoomFor([3000, 3000]));
  assert.ok(!files.hasRoomFor([30_000, 1]));
  assert.ok(!files.hasRoomFor(Array.from({ length: 20 }, () => 0)));
});
