import assert from "node:assert/strict";
import { test } from "node:test";
import { type ModuleVersion, parseModulePath, parseVersion } from "@stoa/gomod";
import { dayOf, dueSince } from "./recheck-round.ts";

const versions: readonly ModuleVersion[] = Array.from({ length: 500 }, (_, n) => ({
  path: parseModulePath("example.com/m"),
  version: parseVersion(`v1.${n}.0`),
}));

const due = (last: number | undefined, today: number, days = 30): readonly ModuleVersion[] =>
  versions.filter(dueSince(last, { days, today }));

test("each version is due once in so many days, whether there is a round on each of them or not", () => {
  const everyDay = Array.from({ length: 30 }, (_, n) => due(1000 + n - 1, 1000 + n)).flat();
  assert.equal(new Set(everyDay).size, versions.length);
  assert.equal(everyDay.length, versions.length);
  const now = [...due(999, 1010), ...due(1010, 1011), ...due(1011, 1029)];
  assert.deepEqual(new Set(now), new Set(everyDay));
  assert.equal(now.length, versions.length);
});

test("after a long pause all are due, on the same day again none, and the first round takes a day's share", () => {
  assert.equal(due(100, 1000).length, versions.length);
  assert.equal(due(1000, 1000).length, 0);
  const first = due(undefined, 1000).length;
  assert.ok(first > 0 && first < 60, `${first}`);
  assert.equal(due(undefined, 1000, 1).length, versions.length);
});

test("a day is one of the calendar in UTC", () => {
  assert.equal(dayOf(Date.parse("1970-01-02T00:00:00Z")), 1);
});
