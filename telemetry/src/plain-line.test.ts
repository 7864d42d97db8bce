// Tests of plain-line.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { toPlainLine } from "./plain-line.ts";

const line = {
  time: "2026-01-02T03:04:05.678Z",
  severity: "warn",
  event: "module stored",
} as const;

test("toPlainLine writes time, level, event and fields", () => {
  const fields = {
    module: "example.com/a",
    ms: 12,
    why: "no answer",
    list: [1, "a"],
    gone: undefined,
  };
  assert.equal(
    toPlainLine({ ...line, fields }, false),
    '2026-01-02T03:04:05.678Z WARN  module stored module=example.com/a ms=12 why="no answer" list=[1,"a"]\n',
  );
});

const values: readonly (readonly [value: string, shown: string])[] = [
  ["", 'a=""'],
  ["a=b", 'a="a=b"'],
  ['say "x"', 'a="say \\"x\\""'],
  ["two\nlines", 'a="two\\nlines"'],
  ["\u001b[2Jcleared", 'a="\\u001b[2Jcleared"'],
  ["\u009b2J", 'a="\\u009b2J"'],
  ["grün", 'a="grün"'],
];

for (const [value, shown] of values) {
  test(`toPlainLine shows ${JSON.stringify(value)} as ${shown}`, () => {
    assert.ok(toPlainLine({ ...line, fields: { a: value } }, false).endsWith(` ${shown}\n`));
  });
}

test("toPlainLine keeps a forged event on one line", () => {
  const text = toPlainLine({ ...line, event: "a\nb\u001b[2J", fields: {} }, false);
  assert.equal(text, "2026-01-02T03:04:05.678Z WARN  a\\u000ab\\u001b[2J\n");
});

test("toPlainLine colours only when told to", () => {
  assert.ok(toPlainLine({ ...line, fields: {} }, true).includes("\u001b[33mWARN \u001b[0m"));
  assert.ok(!toPlainLine({ ...line, fields: { a: 1 } }, false).includes("\u001b"));
});

test("toPlainLine puts the stacks of a failure and its cause below", () => {
  const cause = { type: "Error", message: "inner", stack: "Error: inner\n    at b" };
  const failure = { type: "Error", message: "outer", stack: "Error: outer\n    at a", cause };
  assert.equal(
    toPlainLine({ ...line, event: "broken", fields: { failure, id: "x" } }, false),
    [
      '2026-01-02T03:04:05.678Z WARN  broken failure="outer: inner" id=x',
      "    Error: outer",
      "    at a",
      "    Error: inner",
      "    at b",
      "",
    ].join("\n"),
  );
});
