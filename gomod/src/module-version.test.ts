import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { InvalidText } from "./invalid-text.ts";
import {
  checkModuleVersion,
  checkPathMajor,
  matchesPathMajor,
  pathMajorPrefix,
  sortModuleVersions,
} from "./module-version.ts";

const pairs: readonly (readonly [path: string, version: string, isSound: boolean])[] = [
  ["x.y/z", "v0.0.0", true],
  ["x.y/z", "v1.2.3", true],
  ["x.y/z", "v1", true],
  ["x.y/z", "v1.2.3+meta", true],
  ["x.y/z", "v2.0.0", false],
  ["x.y/z", "v2.0.0+incompatible", true],
  ["x.y/z", "v0.0.0+incompatible", true],
  ["x.y/z", "v2.0.0+incompatible.1", false],
  ["x.y/z/v2", "v2.0.0", true],
  ["x.y/z/v2", "v2.0.0-20060102150405-abcdef123456", true],
  ["x.y/z/v2", "v1.0.0", false],
  ["x.y/z/v2", "v3.0.0", false],
  ["x.y/z/v2", "v20.0.0", false],
  ["x.y/z/v2", "v3.0.0+incompatible", false],
  ["x.y/z/v2", "v2.0.0+incompatible", true],
  ["gopkg.in/yaml.v2", "v2.2.1", true],
  ["gopkg.in/yaml.v2", "v1.0.0", false],
  ["gopkg.in/yaml.v2", "v0.0.0-20060102150405-abcdef123456", false],
  ["gopkg.in/yaml.v2-unstable", "v2.0.0", true],
  ["gopkg.in/yaml.v2-unstable", "v1.0.0", false],
  ["gopkg.in/check.v1", "v1.0.0", true],
  ["gopkg.in/check.v1", "v0.0.0-20161208181325-20d25e280405", true],
  ["gopkg.in/check.v1", "v0.0.0-pre", true],
  ["gopkg.in/check.v1", "v0.0.0", false],
  ["gopkg.in/check.v1-unstable", "v0.0.0-pre", true],
  ["gopkg.in/check.v0", "v0.1.0", true],
  ["x.y/z", "", false],
  ["x.y/z", "latest", false],
  ["x.y/z", "v1.2.3.4", false],
  ["x/z", "v1.0.0", false],
  ["x.y/v1", "v1.0.0", false],
];

describe("checkModuleVersion", () => {
  for (const [path, version, isSound] of pairs) {
    test(`${isSound ? "takes" : "refuses"} ${path}@${version}`, () => {
      if (isSound) checkModuleVersion(path, version);
      else assert.throws(() => checkModuleVersion(path, version), InvalidText);
    });
  }

  test("says which major version it should be", () => {
    assert.throws(() => checkModuleVersion("x.y/z", "v2.0.0"), { message: /should be v0 or v1$/ });
    assert.throws(() => checkModuleVersion("x.y/z/v2", "v1.0.0"), { message: /should be v2$/ });
    assert.throws(() => checkModuleVersion("gopkg.in/z.v3-unstable", "v1.0.0"), {
      message: /should be v3$/,
    });
  });
});

test("matchesPathMajor does not take a suffix without its separator", () => {
  assert.equal(matchesPathMajor("v2.0.0", "v2"), false);
  assert.equal(matchesPathMajor("v2.0.0", "2"), false);
  assert.equal(matchesPathMajor("nonsense", "/"), true);
  assert.throws(() => checkPathMajor("v2.0.0", "v2"), InvalidText);
});

const prefixes = [
  ["", ""],
  ["/v2", "v2"],
  [".v1", "v1"],
  [".v0", "v0"],
  [".v2-unstable", "v2"],
] as const;

describe("pathMajorPrefix", () => {
  for (const [pathMajor, prefix] of prefixes) {
    test(JSON.stringify(pathMajor), () => assert.equal(pathMajorPrefix(pathMajor), prefix));
  }
  for (const pathMajor of ["v2", "/2", "/v02", "/v2.0", "-v2", "/v2-unstable"]) {
    test(`refuses ${pathMajor}`, () => {
      assert.throws(() => pathMajorPrefix(pathMajor), InvalidText);
    });
  }
});

test("sortModuleVersions sorts by path, version and file, and leaves its argument alone", () => {
  const sorted = [
    ["a.b/c", "v1.2.0"],
    ["a.b/c", "v1.2.0/go.mod"],
    ["a.b/c", "v1.10.0"],
    ["a.b/c", "v1.10.0/go.mod"],
    ["a.b/c-d", "v1.0.0"],
    ["a.b/c/d", "v1.0.0"],
    ["a.b/\uffff", "v1.0.0"],
    ["a.b/\u{10000}", "v0.1.0"],
  ].map(([path = "", version = ""]) => ({ path, version }));
  const shuffled = [...sorted].reverse();
  assert.deepEqual(sortModuleVersions(shuffled), sorted);
  assert.equal(shuffled[0], sorted.at(-1));
});
