import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { InvalidText } from "./invalid-text.ts";
import { parseVersionQuery, type VersionQuery } from "./version-query.ts";

const queries: readonly (readonly [text: string, query: VersionQuery])[] = [
  ["latest", { kind: "latest" }],
  ["upgrade", { kind: "upgrade" }],
  ["patch", { kind: "patch" }],
  ["v1", { kind: "prefix", prefix: "v1" }],
  ["v1.2", { kind: "prefix", prefix: "v1.2" }],
  ["v0", { kind: "prefix", prefix: "v0" }],
  ["v1.2.3", { kind: "version", version: "v1.2.3", canonical: "v1.2.3" }],
  ["v1.2.3-pre", { kind: "version", version: "v1.2.3-pre", canonical: "v1.2.3-pre" }],
  ["v1.2.3+meta", { kind: "version", version: "v1.2.3+meta", canonical: "v1.2.3" }],
  [
    "v2.0.0+incompatible",
    { kind: "version", version: "v2.0.0+incompatible", canonical: "v2.0.0+incompatible" },
  ],
  ["<v1.2.3", { kind: "comparison", operator: "<", version: "v1.2.3" }],
  ["<=v1.2.3", { kind: "comparison", operator: "<=", version: "v1.2.3" }],
  [">v1.2.3", { kind: "comparison", operator: ">", version: "v1.2.3" }],
  [">=v1.2.3", { kind: "comparison", operator: ">=", version: "v1.2.3" }],
  ["<v1.2", { kind: "comparison", operator: "<", version: "v1.2" }],
  [">=v1", { kind: "comparison", operator: ">=", version: "v1" }],
  ["main", { kind: "revision", revision: "main" }],
  ["Latest", { kind: "revision", revision: "Latest" }],
  ["none", { kind: "revision", revision: "none" }],
  ["0123abcd", { kind: "revision", revision: "0123abcd" }],
  ["1.2.3", { kind: "revision", revision: "1.2.3" }],
  ["v1.2.3.4", { kind: "revision", revision: "v1.2.3.4" }],
  ["v01", { kind: "revision", revision: "v01" }],
  ["release-1.2", { kind: "revision", revision: "release-1.2" }],
  [".hidden", { kind: "revision", revision: ".hidden" }],
  ["=v1.0.0", { kind: "revision", revision: "=v1.0.0" }],
];

describe("parseVersionQuery reads", () => {
  for (const [text, query] of queries) {
    test(text, () => assert.deepEqual(parseVersionQuery(text), query));
  }
});

const refused = [
  "",
  "<",
  "<=",
  ">",
  ">=",
  "<main",
  "<= v1.0.0",
  "<<v1.0.0",
  "<=v1.2",
  ">v1",
  ">v1.2",
  "feature/x",
  "a\\b",
  "!x",
  "a!",
  "é",
  "\ud800",
  ".",
  "a.",
  "nul",
  "a*b",
  "a:b",
];

describe("parseVersionQuery refuses", () => {
  for (const text of refused) {
    test(JSON.stringify(text), () => {
      assert.throws(
        () => parseVersionQuery(text),
        (failure) => failure instanceof InvalidText && failure.kind === "version query",
      );
    });
  }
});
