import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { modulePatterns, parseModulePath } from "@stoa/gomod";
import { type DownloadRules, decideDownload } from "./download-rules.ts";

const blank = { mode: "sync", downloadUrl: "", source: "f" } as const;

function rules(...blocks: readonly (readonly [pattern: string, url?: string])[]): DownloadRules {
  return {
    ...blank,
    downloadUrl: "https://top.example",
    blocks: blocks.map(([pattern, downloadUrl = ""], index) => ({
      mode: "redirect",
      pattern,
      matches: modulePatterns(pattern),
      downloadUrl,
      source: `f:${index + 1}`,
    })),
  };
}

/** The table of Athens' pattern rule, and what GOPRIVATE adds: commas and a slash at the end. */
const patterns: readonly (readonly [pattern: string, path: string, matches: boolean])[] = [
  ["github.com/gomods/*", "github.com/gomods/athens/pkg", true],
  ["github.com/pkg", "github.com/pkg/errors", true],
  ["*", "any.example/thing", true],
  ["*.corp.com/*", "git.corp.com/a/b", true],
  ["*.corp.com/mod/pkg", "git.corp.com/pkg", false],
  ["github.com/*", "github.com", false],
  ["github.com/pkg/", "github.com/pkg/errors", true],
  ["a.example,b.example/*", "b.example/x", true],
  ["github.com/Azure/*", "github.com/azure/x", false],
];

describe("decideDownload", () => {
  for (const [pattern, path, matches] of patterns) {
    it(`${pattern} ${matches ? "matches" : "does not match"} ${path}`, () => {
      const { mode } = decideDownload(rules([pattern]), parseModulePath(path));
      assert.equal(mode, matches ? "redirect" : "sync");
    });
  }

  it("takes the mode of the first block that matches and says which it was", () => {
    const two = rules(["a.example/*"], ["a.example/b"]);
    assert.equal(
      decideDownload(two, parseModulePath("a.example/b")).modeRule,
      'download "a.example/*" (f:1)',
    );
    assert.equal(decideDownload(two, parseModulePath("c.example/b")).modeRule, "f");
  });

  it("takes the URL of the first matching block that has one, also of a later one, else that of everything", () => {
    const path = parseModulePath("a.example/b");
    const later = rules(["a.example/*"], ["c.example"], ["a.example/b", "https://later.example"]);
    const { downloadUrl, urlRule } = decideDownload(later, path);
    assert.deepEqual(
      [downloadUrl, urlRule],
      ["https://later.example", 'download "a.example/b" (f:3)'],
    );
    assert.equal(decideDownload(rules(["a.example/*"]), path).downloadUrl, "https://top.example");
  });
});
