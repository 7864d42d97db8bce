import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseModulePath } from "@stoa/gomod";
import { decideFilter, parseFilterFile } from "./filter-rules.ts";
import { PolicyProblems } from "./policy-problems.ts";
import { parseQualifier, qualifies } from "./version-qualifier.ts";

const qualified: readonly (readonly [word: string, yes: string, no: string])[] = [
  ["v1", "v1.0.0 v1.2.3-rc.1 v1.0.0+incompatible", "v10.0.0 v2.0.0"],
  ["v1.2", "v1.2.0 v1.2.9", "v1.20.0 v1.3.0"],
  ["v1.2.", "v1.2.0", "v1.20.0"],
  ["v1.*", "v1.2.0", "v2.0.0"],
  ["v0.4.1", "v0.4.1 v0.4.10 v0.4.1-rc", "v0.4.2"],
  ["*", "v0.0.1 main v9.0.0-rc", ""],
  ["~v1.2.3", "v1.2.3 v1.2.4 v1.2.30", "v1.2.2 v1.3.0 v2.2.3 v1.2.4-rc.1"],
  ["~1.2.3", "v1.2.3 v1.2.4", "v1.2.2 v1.3.0"],
  ["^v1.2.3", "v1.2.3 v1.2.4 v1.3.0 v1.10.0", "v1.2.2 v2.0.0 v1.3.0+incompatible"],
  ["^1.2.3", "v1.3.0", "v1.2.2"],
  ["<v1.2.3", "v1.2.2 v1.1.9 v0.9.0", "v1.2.3 v1.2.4 v2.0.0 v1.0.0-rc.1 main"],
  ["<1.2.3", "v1.2.2", "v1.2.3"],
];

describe("parseQualifier", () => {
  for (const [word, yes, no] of qualified) {
    it(`${word} means ${yes}${no === "" ? "" : ` and not ${no}`}`, () => {
      const qualifier = parseQualifier(word);
      const names = (text: string): string[] => text.split(" ").filter((name) => name !== "");
      for (const version of names(yes)) assert.ok(qualifies(qualifier, version), version);
      for (const version of names(no)) assert.ok(!qualifies(qualifier, version), version);
    });
  }

  for (const word of ["", "1.2.3", "main", "~", "~v1.2", "^v1.2.3-rc", ">v1.0.0", "<", "v"]) {
    it(`refuses ${JSON.stringify(word)}`, () => {
      assert.throws(() => parseQualifier(word), SyntaxError);
    });
  }
});

describe("decideFilter", () => {
  const rules = parseFilterFile(
    "-\n+ a.example/b\nD a.example/b/c v1\n  - a.example/b/c/d\t# no comment here\n".replace(
      "\t# no comment here",
      "",
    ),
    "f",
  );
  const cases: readonly (readonly [path: string, version: string | undefined, expected: string])[] =
    [
      ["x.example/y", "v1.0.0", "exclude (f:1)"],
      ["a.example/b", "v1.0.0", "include (f:2)"],
      ["a.example/b/x", undefined, "include (f:2)"],
      ["a.example/bc", undefined, "exclude (f:1)"],
      ["a.example/b/c", "v1.0.0", "direct (f:3)"],
      ["a.example/b/c", "v0.1.0", "include (f:2)"],
      ["a.example/b/c", undefined, "direct (f:3)"],
      ["a.example/b/c/d/e", "v1.0.0", "exclude (f:4)"],
    ];
  for (const [path, version, expected] of cases) {
    it(`${path}@${version}: ${expected}`, () => {
      const { action, source } = decideFilter(rules, parseModulePath(path), version);
      assert.equal(`${action} (${source})`, expected);
    });
  }

  it("includes where no line speaks", () => {
    const empty = parseFilterFile("\n# nothing\n", "f");
    const decision = decideFilter(empty, parseModulePath("a.example/b"), "v1.0.0");
    assert.deepEqual(decision, { action: "include", source: "no line" });
  });

  it("takes the last of several lines about one path", () => {
    const twice = parseFilterFile("- a.example/b\n+ a.example/b/", "f");
    assert.equal(decideFilter(twice, parseModulePath("a.example/b"), undefined).source, "f:2");
  });

  it("a double space does not turn a line into one about everything", () => {
    const spaced = parseFilterFile("-  a.example/b", "f");
    assert.equal(decideFilter(spaced, parseModulePath("x.example/y"), undefined).action, "include");
    assert.equal(decideFilter(spaced, parseModulePath("a.example/b"), undefined).action, "exclude");
  });

  it("refuses lines that are none, all at once", () => {
    assert.throws(
      () => parseFilterFile("I x\n+ a b c d\n+ a ,\n", "f"),
      (failure) => {
        assert.ok(failure instanceof PolicyProblems);
        assert.deepEqual(
          failure.problems.map((problem) => problem.slice(0, 4)),
          ["f:1:", "f:2:", "f:3:"],
        );
        return true;
      },
    );
  });
});
