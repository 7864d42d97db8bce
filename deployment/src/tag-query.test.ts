import assert from "node:assert/strict";
import { test } from "node:test";
import { formatTagQuery, matchesTagQuery, parseTagQuery } from "./tag-query.ts";

const machine = { role: "web", zone: "a", spare: "" };
const cases: readonly (readonly [query: string, matches: boolean])[] = [
  ["", true],
  ["role=web", true],
  ["role=api", false],
  ["role=web,role=api", true],
  ["role=web zone=a", true],
  ["role=web zone=b", false],
  ["role=api,zone=a zone=b,spare", true],
  ["spare", true],
  ["spare=", true],
  ["missing", false],
  ["=web", true],
  ["=api", false],
  ["toString", false],
];

for (const [query, matches] of cases) {
  test(`matchesTagQuery: ${JSON.stringify(query)} ${matches ? "means" : "does not mean"} the machine`, () => {
    assert.equal(matchesTagQuery(parseTagQuery(query), machine), matches);
  });
  test(`formatTagQuery gives ${JSON.stringify(query)} back`, () => {
    assert.equal(formatTagQuery(parseTagQuery(query)), query);
  });
}

for (const query of ["=", ",", "a=b,", ",a=b"]) {
  test(`parseTagQuery refuses ${JSON.stringify(query)}`, () => {
    assert.throws(() => parseTagQuery(query), { name: "DocumentProblem" });
  });
}
