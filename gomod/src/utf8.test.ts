import assert from "node:assert/strict";
import { test } from "node:test";
import { runeAt, textOf } from "./utf8.ts";

const cases = [
  [[], ""],
  [[0x61, 0xc3, 0xa9, 0xe6, 0x97, 0xa5, 0xf0, 0x9f, 0x98, 0x80], "aé日😀"],
  [[0xef, 0xbb, 0xbf, 0x61], "\ufeffa"],
  [[0xff, 0x61], "\ufffda"],
  [[0xe2, 0x82], "\ufffd\ufffd"],
  [[0xe2, 0x82, 0x61], "\ufffd\ufffda"],
  [[0xf0, 0x9f, 0x98], "\ufffd\ufffd\ufffd"],
  [[0xc0, 0x80], "\ufffd\ufffd"],
  [[0xc1, 0xbf], "\ufffd\ufffd"],
  [[0xe0, 0x9f, 0xbf], "\ufffd\ufffd\ufffd"],
  [[0xed, 0xa0, 0x80], "\ufffd\ufffd\ufffd"],
  [[0xf0, 0x8f, 0xbf, 0xbf], "\ufffd\ufffd\ufffd\ufffd"],
  [[0xf4, 0x8f, 0xbf, 0xbf], "\u{10ffff}"],
  [[0xf4, 0x90, 0x80, 0x80], "\ufffd\ufffd\ufffd\ufffd"],
  [[0xf8, 0x88, 0x80, 0x80, 0x80], "\ufffd\ufffd\ufffd\ufffd\ufffd"],
  [[0x80, 0xbf], "\ufffd\ufffd"],
] as const;

for (const [bytes, expected] of cases) {
  test(`textOf ${Buffer.from(bytes).toString("hex") || "nothing"}`, () => {
    assert.equal(textOf(Uint8Array.from(bytes)), expected);
  });
}

test("runeAt gives every character of Unicode and its width", () => {
  for (const character of ["a", "\u007f", "\u0080", "\u07ff", "\u0800", "\uffff", "\u{10000}"]) {
    const bytes = Buffer.from(`x${character}y`);
    const rune = { codePoint: character.codePointAt(0), width: bytes.length - 2 };
    assert.deepEqual(runeAt(bytes, 1), rune);
  }
});
