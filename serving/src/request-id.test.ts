// Tests of request-id.ts.
import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import { requestIds } from "./request-id.ts";

function withId(id?: string): IncomingMessage {
  return { headers: id === undefined ? {} : { "x-request-id": id } } as unknown as IncomingMessage;
}

const given: readonly (readonly [id: string, isTaken: boolean])[] = [
  ["abc", true],
  ["0af7651916cd43dd8448eb211c80319c", true],
  ["req/1+2=3:4,5;(6)~", true],
  ["x".repeat(128), true],
  ["x".repeat(129), false],
  ["", false],
  ["a b", false],
  ["a\tb", false],
  ['a"b', false],
  ["a'b", false],
  ["a\\b", false],
  ["a\u00e9", false],
  ["a\u007f", false],
];

for (const [id, isTaken] of given) {
  test(`requestIds ${isTaken ? "takes" : "replaces"} ${JSON.stringify(id.slice(0, 40))} (${id.length})`, () => {
    const idOf = requestIds("X-Request-Id");
    assert.equal(idOf(withId(id)) === id, isTaken);
  });
}

test("requestIds makes ids that differ, also between processes, and that it would take itself", () => {
  const one = requestIds("X-Request-Id");
  const other = requestIds("X-Request-Id");
  const ids = new Set([one(withId()), one(withId()), other(withId()), other(withId())]);
  assert.equal(ids.size, 4);
  for (const id of ids) assert.equal(one(withId(id)), id);
});
