import assert from "node:assert/strict";
import { test } from "node:test";
import { parseModulePath, parseVersion } from "@stoa/gomod";
import { dueByTime, hasRule, type KeptVersion, LongestUnused, protectionOf } from "./retention.ts";

const dayMs = 86_400_000;
const now = new Date("2026-06-01");
const daysAgo = (days: number): Date => new Date(now.getTime() - days * dayMs);

function kept(path: string, keptDays: number, usedDays = keptDays): KeptVersion {
  const module = { path: parseModulePath(path), version: parseVersion("v1.0.0") };
  return { module, bytes: 10, kept: daysAgo(keptDays), used: daysAgo(usedDays) };
}

test("dueByTime says by which rule a version may go", () => {
  const old = { ageMs: 30 * dayMs, unusedMs: 0 };
  const unused = { ageMs: 0, unusedMs: 30 * dayMs };
  for (const [version, rules, due] of [
    [kept("example.com/a", 31, 1), old, "age"],
    [kept("example.com/a", 30), old, undefined],
    [kept("example.com/a", 31, 1), unused, undefined],
    [kept("example.com/a", 99, 31), unused, "unused"],
    [kept("example.com/a", 99), { ageMs: 0, unusedMs: 0 }, undefined],
  ] as const) {
    assert.equal(dueByTime(version, rules, now), due);
  }
});

test("hasRule says no where nothing could ever go", () => {
  const none = { protect: "", private: "", even: new Set<never>() };
  assert.equal(hasRule({ ageMs: 0, unusedMs: 0, mostBytes: 0, ...none }), false);
  assert.equal(hasRule({ ageMs: 0, unusedMs: 0, mostBytes: 1, ...none }), true);
});

test("protectionOf names what protects a module, and only private ones can be told to go", () => {
  const rules = { protect: "example.com/kept,corp.example/*", private: "corp.example" };
  const cases = [
    ["example.com/kept/below", [], "pattern"],
    ["corp.example/team", [], "pattern"],
    ["corp.example/team", ["private"], "pattern"],
    ["corp.example", [], "private"],
    ["corp.example", ["private"], undefined],
    ["example.com/other", [], undefined],
  ] as const;
  for (const [path, even, protection] of cases) {
    const told = protectionOf(parseModulePath(path), { ...rules, even: new Set(even) });
    assert.equal(told, protection, `${path} even ${even}`);
  }
});

test("LongestUnused holds no more than it must, and never lets go of a longer unused one", () => {
  const longest = new LongestUnused(10);
  const days = Array.from({ length: 1000 }, (_, index) => (index * 367) % 1000);
  for (const day of days) longest.add(kept("example.com/a", 2000, day));
  const held = longest.inOrder().slice(0, 10);
  assert.deepEqual(
    held.map(({ used }) => used),
    Array.from({ length: 10 }, (_, index) => daysAgo(999 - index)),
  );
  assert.ok(longest.areMore);
  assert.ok(longest.inOrder().length < 20);
});
