import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { takeGoString } from "./go-string.ts";

/** `undefined` for what is no literal. */
const literals: readonly (readonly [literal: string, text: string | undefined])[] = [
  ['""', ""],
  ['"a b"', "a b"],
  ['"é日😀"', "é日😀"],
  ['"\\a\\b\\f\\n\\r\\t\\v\\\\\\""', '\u0007\b\f\n\r\t\v\\"'],
  ['"\\x41\\101\\u0041\\U00000041"', "AAAA"],
  ['"\\u00e9\\U0001F600\\x00\\000"', "é😀\0\0"],
  ['"\\xc3\\xa9\\303\\251"', "éé"],
  ['"é\\xa9"', "é\ufffd"],
  ['"\\xe2\\x82"', "\ufffd\ufffd"],
  ['"\\377"', "\ufffd"],
  ['"a\rb"', "a\rb"],
  ["``", ""],
  ["`a\\n\"'b`", "a\\n\"'b"],
  ["`a\r\nb`", "a\nb"],
  ["", undefined],
  ['"', undefined],
  ["`", undefined],
  ['"a', undefined],
  ['a"', undefined],
  ["a", undefined],
  ["'a'", undefined],
  ['"a`', undefined],
  ['"a\nb"', undefined],
  ['"a\\\nb"', undefined],
  ['"a"b"', undefined],
  ['"a" "b"', undefined],
  ["`a`b`", undefined],
  ['"\\"', undefined],
  ['"a\\"', undefined],
  ['"\\\'"', undefined],
  ['"\\q"', undefined],
  ['"\\x4"', undefined],
  ['"\\x4g"', undefined],
  ['"\\X41"', undefined],
  ['"\\u004"', undefined],
  ['"\\ud800"', undefined],
  ['"\\U00110000"', undefined],
  ['"\\UFFFFFFFF"', undefined],
  ['"\\400"', undefined],
  ['"\\08"', undefined],
  ['"\\0"', undefined],
];

describe("takeGoString", () => {
  for (const [literal, text] of literals) {
    test(JSON.stringify(literal), () => assert.equal(takeGoString(literal), text));
  }
});
