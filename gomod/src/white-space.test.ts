import assert from "node:assert/strict";
import { test } from "node:test";
import { isSpace, trimSpace } from "./white-space.ts";

const spaces = "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2005\u200a\u2028\u2029\u202f\u205f\u3000";
const others = ["", "a", "\0", "\u001c", "\u180e", "\u200b", "\u2060", "\ufeff", "  "];

test("isSpace knows what Go takes for white space", () => {
  for (const character of spaces) assert.equal(isSpace(character), true, escape(character));
});

test("isSpace knows nothing else, not even the byte order mark", () => {
  for (const text of others) assert.equal(isSpace(text), false, escape(text));
});

const trimmed = [
  ["", ""],
  [spaces, ""],
  [`${spaces}a${spaces}b${spaces}`, `a${spaces}b`],
  ["\ufeff a", "\ufeff a"],
] as const;

for (const [text, expected] of trimmed) {
  test(`trimSpace(${JSON.stringify(text)})`, () => assert.equal(trimSpace(text), expected));
}
