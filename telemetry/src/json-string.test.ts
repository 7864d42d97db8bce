// Tests of json-string.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { toJsonString } from "./json-string.ts";

const cases = [
  "",
  "plain",
  "/a/@v/v1.0.0+incompatible.info",
  'quote "',
  "back \\ slash",
  "line\nbreak",
  "tab\t",
  "\u0000",
  "\u001f",
  "\u007f",
  "grün",
  "\u2028",
  "😀",
  "\ud800",
  "a\udfffb",
];

for (const text of cases) {
  test(`toJsonString writes ${JSON.stringify(text)} as JSON.stringify does`, () => {
    assert.equal(toJsonString(text), JSON.stringify(text));
  });
}
