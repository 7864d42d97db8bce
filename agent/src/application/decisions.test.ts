// What is remembered of decisions, and what is not repeated.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Decisions } from "./decisions.ts";

test("a trouble that goes on is one decision, and the same thing later is another", () => {
  let atMs = 0;
  const told: string[] = [];
  const clock = { nowMs: () => atMs, monotonicMs: () => atMs, sleep: async () => undefined };
  const decisions = new Decisions(clock, (sentence) => told.push(sentence));
  for (let round = 0; round < 100; round += 1) {
    decisions.add("page.html was gone");
    atMs += 60_000;
  }
  assert.deepEqual(told, ["page.html was gone"]);
  atMs += 60_000;
  decisions.add("page.html was gone");
  decisions.add("page.html had other content");
  decisions.add("page.html was gone");
  assert.deepEqual(decisions.newest, [
    "1970-01-01T00:00:00.000Z page.html was gone",
    "1970-01-01T01:41:00.000Z page.html was gone",
    "1970-01-01T01:41:00.000Z page.html had other content",
    "1970-01-01T01:41:00.000Z page.html was gone",
  ]);
});

test("only the newest are kept", () => {
  const clock = { nowMs: () => 0, monotonicMs: () => 0, sleep: async () => undefined };
  const decisions = new Decisions(clock, () => undefined);
  for (let at = 0; at < 60; at += 1) decisions.add(`decision ${at}`);
  assert.equal(decisions.newest.length, 50);
  assert.match(decisions.newest.at(-1) ?? "", /decision 59$/);
});
