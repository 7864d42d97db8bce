import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalJson, parseCanonicalJson } from "./canonical-json.ts";
import { SeededRandom } from "./testing/seeded-random.ts";

const spellings: readonly (readonly [value: unknown, text: string])[] = [
  [null, "null"],
  [true, "true"],
  [0, "0"],
  [-0, "0"],
  [-17, "-17"],
  [2 ** 53 - 1, "9007199254740991"],
  ["", '""'],
  [
    'a\u0000\b\t\n\f\r"\\\u001f\u007f/é€\u{1f600}\u2028',
    '"a\\u0000\\b\\t\\n\\f\\r\\"\\\\\\u001f\u007f/é€\u{1f600}\u2028"',
  ],
  [[], "[]"],
  [[1, [2], {}], "[1,[2],{}]"],
  [{ b: 1, a: undefined, c: null }, '{"b":1,"c":null}'],
  // The order of RFC 8785 §3.2.3: by UTF-16 code units, so U+1F600 stands before U+FB33.
  [
    { "\u20ac": 1, "\r": 2, "\ufb33": 3, "1": 4, "\u{1f600}": 5, "\u0080": 6, "\u00f6": 7 },
    '{"\\r":2,"1":4,"\u0080":6,"ö":7,"€":1,"\u{1f600}":5,"\ufb33":3}',
  ],
  [{ 10: 1, 9: 2 }, '{"10":1,"9":2}'],
  [JSON.parse('{"__proto__":1,"a":2}'), '{"__proto__":1,"a":2}'],
];

for (const [value, text] of spellings) {
  test(`canonicalJson writes ${text}`, () => {
    assert.equal(canonicalJson(value), text);
    assert.equal(canonicalJson(parseCanonicalJson(text)), text);
  });
}

for (const value of [
  0.5,
  2 ** 53,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  "\ud800",
  { "\udc00": 1 },
  undefined,
  1n,
  () => 1,
  [undefined],
]) {
  test(`canonicalJson refuses ${typeof value} ${String(value)}`, () => {
    assert.throws(() => canonicalJson(value), { name: "DocumentProblem" });
  });
}

for (const text of [
  "",
  "{",
  " 1",
  "1 ",
  "1.0",
  "-0",
  "1e3",
  '{"b":1,"a":2}',
  '{"a":1,"a":1}',
  '"\\u0061"',
  "[1, 2]",
  '"\\/"',
]) {
  test(`parseCanonicalJson refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseCanonicalJson(text), { name: "DocumentProblem" });
  });
}

test("canonicalJson names the place of what it refuses", () => {
  assert.throws(() => canonicalJson({ a: [1, { b: 0.5 }] }), { path: "a[1].b" });
});

test("canonicalJson does not depend on the order in which members were set", () => {
  const random = new SeededRandom(5);
  for (let round = 0; round < 500; round++) {
    const names = Array.from({ length: 8 }, () =>
      String.fromCodePoint(random.between(32, 0xd7ff), random.between(0xe000, 0x1ffff)),
    );
    const forwards = Object.fromEntries(names.map((name) => [name, name.length]));
    const backwards = Object.fromEntries([...names].reverse().map((name) => [name, name.length]));
    assert.equal(canonicalJson(forwards), canonicalJson(backwards));
  }
});
