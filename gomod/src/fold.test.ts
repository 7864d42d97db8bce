import assert from "node:assert/strict";
import { test } from "node:test";
import { foldKey } from "./fold.ts";

const alike: readonly (readonly string[])[] = [
  ["", ""],
  ["readme.md", "README.md", "ReadMe.MD"],
  ["k", "K", "\u212a"],
  ["s", "S", "ſ"],
  ["å", "Å", "\u212b"],
  ["ß", "ẞ"],
  ["σ", "ς", "Σ"],
  ["β", "ϐ", "Β"],
  ["ω", "Ω", "\u2126"],
  ["ǆ", "ǅ", "Ǆ"],
  ["θ", "ϑ", "ϴ", "Θ"],
  ["в", "В", "ᲀ"],
  ["Ꭰ", "ꭰ"],
  ["ᾀ", "ᾈ"],
  ["𐐀", "𐐨"],
  ["Ⅷ", "ⅷ"],
];

const distinct: readonly (readonly [string, string])[] = [
  ["ß", "ss"],
  ["i", "ı"],
  ["I", "ı"],
  ["i", "İ"],
  ["ﬅ", "ﬆ"],
  ["é", "e\u0301"],
  ["\u1fd3", "\u0390"],
  ["A\u{10400}", "A\u{10401}"],
  // Capital letters of Unicode 16, unknown to Go.
  ["\ua7cb", "\u0264"],
  ["\u{10d50}", "\u{10d70}"],
];

for (const [first, ...others] of alike) {
  for (const other of others) {
    test(`foldKey is one for ${first} and ${other}`, () => {
      assert.equal(foldKey(`a${other}/Z`), foldKey(`a${first}/z`));
    });
  }
}

for (const [left, right] of distinct) {
  test(`foldKey is two for ${left} and ${right}`, () => {
    assert.notEqual(foldKey(left), foldKey(right));
  });
}
