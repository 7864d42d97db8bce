// What the header of hops says, and which hops end a request.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkHops, formatHops, parseHops } from "./hops.ts";
import { ProxyFailure } from "./proxy-failure.ts";

const headers: readonly [header: string | undefined, ids: readonly string[]][] = [
  [undefined, []],
  ["", []],
  ["a", ["a"]],
  ["a, b,c", ["a", "b", "c"]],
  [" a ,, b ,", ["a", "b"]],
  ["a b, c", ["c"]],
  [`${"x".repeat(65)}, c`, ["c"]],
  ["é, 0190-ab_c.d", ["0190-ab_c.d"]],
];
for (const [header, ids] of headers) {
  test(`parseHops reads ${JSON.stringify(header)}`, () => {
    assert.deepEqual(parseHops(header), ids);
  });
}

test("formatHops appends the own id, and parseHops reads it back", () => {
  assert.equal(formatHops([], "b"), "b");
  assert.deepEqual(parseHops(formatHops(["a"], "b")), ["a", "b"]);
});

test("checkHops lets a request pass that was not here", () => {
  checkHops([], "a");
  checkHops(["b", "c"], "a");
  checkHops(Array(8).fill("b"), "a");
});

for (const [what, hops] of [
  ["came from here", ["a"]],
  ["came from here over another proxy", ["a", "b"]],
  ["came from elsewhere and was here already", ["z", "a", "b"]],
  ["came through nine others", Array(9).fill("b")],
] as const) {
  test(`checkHops refuses a request that ${what}`, () => {
    assert.throws(
      () => checkHops(hops, "a"),
      (failure) => failure instanceof ProxyFailure && failure.code === "loop",
    );
  });
}
