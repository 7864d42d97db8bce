import assert from "node:assert/strict";
import { test } from "node:test";
import { InvalidText, quoted } from "./invalid-text.ts";

test("InvalidText says the kind, the text and the reason in one sentence", () => {
  const failure = new InvalidText("module path", "a b", "it has a space");
  assert.equal(failure.message, 'invalid module path "a b": it has a space');
  assert.equal(failure.name, "InvalidText");
  assert.equal(failure.kind, "module path");
  assert.equal(failure.text, "a b");
  assert.ok(failure instanceof Error);
});

test("InvalidText keeps a long text whole but shows only its beginning", () => {
  const text = "x".repeat(20_000);
  const failure = new InvalidText("version", text, "it is too long");
  assert.equal(failure.text, text);
  assert.ok(failure.message.length < 300);
  assert.match(failure.message, /x…": it is too long$/);
});

const shown = [
  ["", '""'],
  ['say "hi"\\', '"say \\"hi\\"\\\\"'],
  ["a\nb\r\t\0", '"a\\nb\\r\\t\\u0000"'],
  ["\u007f\u0085\u2028\u2029", '"\\u007f\\u0085\\u2028\\u2029"'],
  ["é日😀", '"é日😀"'],
  ["\ud83d", '"\ufffd"'],
] as const;

for (const [text, expected] of shown) {
  test(`quoted shows ${expected} on one line`, () => {
    assert.equal(quoted(text), expected);
  });
}

test("quoted does not cut a character in half", () => {
  assert.equal(quoted(`${"x".repeat(199)}😀y`), `"${"x".repeat(199)}\ufffd…"`);
});
