import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { allowsSystem, parseVcsRules } from "./vcs-rules.ts";

describe("GOVCS", () => {
  /** Rules, system, root, whether it is allowed; example.org is private. */
  const cases: readonly (readonly [string, string, string, boolean])[] = [
    ["", "git", "example.com/m", true],
    ["", "hg", "example.com/m", false],
    ["", "hg", "example.org/m", false],
    ["", "mod", "example.com/m", true],
    ["private:all", "svn", "example.org/m", true],
    ["private:all", "svn", "example.com/m", false],
    ["public:off,private:git", "git", "example.com/m", false],
    ["example.com/a:hg , *.com:git|svn", "hg", "example.com/a/b", true],
    ["example.com/a:hg , *.com:git|svn", "git", "example.com/a/b", false],
    ["example.com/a:hg , *.com:git|svn", "svn", "example.com/b", true],
    ["*:off", "mod", "example.com/m", true],
    ["*:off", "git", "example.com/m", false],
  ];
  for (const [text, system, root, isAllowed] of cases) {
    it(`${text || "nothing"} ${isAllowed ? "allows" : "forbids"} ${system} for ${root}`, () => {
      assert.equal(allowsSystem(parseVcsRules(text), { system, root }, "example.org"), isAllowed);
    });
  }

  for (const text of [
    "git",
    ":git",
    "a:",
    "a:git|",
    "a:git,,b:hg",
    "./a:git",
    "..:git",
    "a:git,a:hg",
  ]) {
    it(`refuses ${text}`, () => {
      assert.throws(() => parseVcsRules(text), { kind: "GOVCS entry" });
    });
  }
});
