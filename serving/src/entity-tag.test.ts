// Tests of entity-tag.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isSameStrongly, listsEntityTag } from "./entity-tag.ts";

const cases: readonly (readonly [list: string, strong: boolean, weak: boolean])[] = [
  ['"a"', true, true],
  ['W/"a"', false, true],
  ['"b"', false, false],
  ['"b", "a"', true, true],
  ['"b","a"', true, true],
  ['"b"\t,\t "a" ', true, true],
  [', ,"a",', true, true],
  ['"b", W/"a"', false, true],
  ["*", true, true],
  [" * ", true, true],
  ['"*"', false, false],
  ["a", false, false],
  ['w/"a"', false, false],
  ['"a', false, false],
  ['"a"b"', false, false],
  ['"b" "a"', false, false],
  ['"b", nonsense, "a"', false, false],
  ['"b,a"', false, false],
  ['"b,", "a"', true, true],
  ['"A"', false, false],
  ["", false, false],
];

for (const [list, strong, weak] of cases) {
  test(`listsEntityTag looks for "a" in ${JSON.stringify(list)}`, () => {
    assert.equal(listsEntityTag(list, '"a"', "strong"), strong, "strong comparison");
    assert.equal(listsEntityTag(list, '"a"', "weak"), weak, "weak comparison");
  });
}

test("listsEntityTag finds tags with commas and bytes above ASCII", () => {
  assert.ok(listsEntityTag('"x", "h1:a,b=\xe9"', '"h1:a,b=\xe9"', "strong"));
});

test("listsEntityTag reads a hostile list in linear time", () => {
  assert.equal(listsEntityTag(`${", \t".repeat(10_000)}x`, '"a"', "weak"), false);
});

test("isSameStrongly holds for no weak tag", () => {
  assert.equal(isSameStrongly('"a"', '"a"'), true);
  assert.equal(isSameStrongly('W/"a"', 'W/"a"'), false);
  assert.equal(isSameStrongly('"a"', '"b"'), false);
});
