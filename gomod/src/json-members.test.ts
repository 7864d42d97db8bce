import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { membersOf } from "./json-members.ts";

const objects: readonly (readonly [json: string, ...members: [name: string, source: string][]])[] =
  [
    ["{}"],
    [" { } \n"],
    ['{"a":1}', ["a", "1"]],
    ['{"a":1,"b":"x","a":null}', ["a", "1"], ["b", '"x"'], ["a", "null"]],
    [
      '\t{ "a" :\n[1, {"b": 2}, []] ,"c":{"d":{},"e":"}"} }',
      ["a", '[1, {"b": 2}, []]'],
      ["c", '{"d":{},"e":"}"}'],
    ],
    ['{"\\u0061\\"\\\\":"\\\\","{:,}":"\\"{:,}"}', ['a"\\', '"\\\\"'], ["{:,}", '"\\"{:,}"']],
    ['{"":""}', ["", '""']],
    ['{"__proto__":1}', ["__proto__", "1"]],
  ];

describe("membersOf", () => {
  for (const [json, ...members] of objects) {
    test(json, () => {
      const expected = members.map(([name, source]) => ({ name, source }));
      assert.deepEqual(membersOf(json), expected);
    });
  }

  for (const json of ["null", "[]", '[{"a":1}]', '"{}"', "1", "true"]) {
    test(`${json} is no object`, () => assert.equal(membersOf(json), undefined));
  }

  for (const text of ["", "{", "}", "{a:1}", '{"a":1,}', '{"a"}', "{} {}", "\ufeff{}"]) {
    test(`${JSON.stringify(text)} is no JSON`, () => {
      assert.throws(() => membersOf(text), SyntaxError);
    });
  }
});
