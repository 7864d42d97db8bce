import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { InvalidText } from "./invalid-text.ts";
import { matchesModulePatterns, pathMatch } from "./module-patterns.ts";

const lists: readonly (readonly [patterns: string, target: string, matches: boolean])[] = [
  ["", "example.com/x", false],
  [",,", "example.com/x", false],
  ["*", "example.com", true],
  ["*", "example.com/x/y", true],
  ["*/*", "example.com", false],
  ["*/*", "example.com/x/y", true],
  ["rsc.io/private", "rsc.io/private", true],
  ["rsc.io/private", "rsc.io/private/x", true],
  ["rsc.io/private", "rsc.io/privateer", false],
  ["rsc.io/private", "rsc.io", false],
  ["rsc.io/private/", "rsc.io/private/x", true],
  ["rsc.io/private//", "rsc.io/private/x", false],
  ["/", "", false],
  ["/x", "/x", true],
  ["*.corp.example", "git.corp.example/team/tool", true],
  ["*.corp.example", "corp.example/team", false],
  ["*.corp.example", "a.b.corp.example", true],
  ["other.example,*.corp.example", "x.corp.example", true],
  ["bad[,*.corp.example", "x.corp.example", true],
  ["bad[", "bad[", false],
  ["\\", "\\", false],
  [" *.corp.example", "x.corp.example", false],
  ["example.com/[a-c]*", "example.com/bx/y", true],
  ["example.com/[a-c]*", "example.com/dx/y", false],
  ["example.com/?", "example.com/xy", false],
  ["example.com//x", "example.com//x/y", true],
  ["EXAMPLE.com", "example.com", false],
];

describe("matchesModulePatterns", () => {
  for (const [patterns, target, matches] of lists) {
    test(`${JSON.stringify(patterns)} ${matches ? "matches" : "does not match"} ${JSON.stringify(target)}`, () => {
      assert.equal(matchesModulePatterns(patterns, target), matches);
    });
  }
});

/** `undefined` for a malformed pattern. */
const names: readonly (readonly [pattern: string, name: string, matches: boolean | undefined])[] = [
  ["", "", true],
  ["", "a", false],
  ["abc", "abc", true],
  ["*", "", true],
  ["*", "abc", true],
  ["*", "a/b", false],
  ["**", "a/b", false],
  ["*c", "abc", true],
  ["a*", "a", true],
  ["a*", "ab/c", false],
  ["a*/b", "abc/b", true],
  ["a*/b", "a/c/b", false],
  ["a*b*c*d*e*/f", "axbxcxdxexxx/f", true],
  ["a*b*c*d*e*/f", "axbxcxdxe/xxx/f", false],
  ["a*b?c*x", "abxbbxdbxebxczzx", true],
  ["a*b?c*x", "abxbbxdbxebxczzy", false],
  ["*a*b*c", "xaxbxcxc", true],
  ["?", "a", true],
  ["?", "/", false],
  ["?", "é", true],
  ["??", "é", false],
  ["ab[c]", "abc", true],
  ["ab[b-d]", "abc", true],
  ["ab[e-g]", "abc", false],
  ["ab[^c]", "abc", false],
  ["ab[^b-d]", "abc", false],
  ["ab[^e-g]", "abc", true],
  ["a[^a]b", "a/b", true],
  ["a[^a]b", "a☺b", true],
  ["a[^a][^a][^a]b", "a☺b", false],
  ["*[^é]", "é", true],
  ["*?", "é", true],
  ["[日-本]", "日", true],
  ["[日-本]", "曜", true],
  ["[a-ζ]*", "α", true],
  ["*[a-ζ]", "A", false],
  ["a[b-d]e", "ae", false],
  ["[z-a]", "m", false],
  ["a\\*b", "a*b", true],
  ["a\\*b", "axb", false],
  ["\\a", "a", true],
  ["[\\]a]", "]", true],
  ["[\\-]", "-", true],
  ["[x\\-]", "x", true],
  ["[x\\-]", "-", true],
  ["[\\-x]", "a", false],
  ["[a\\-z]", "b", false],
  ["[a-\\z]", "m", true],
  ["[*]x", "*x", true],
  ["*[*]*", "a*b", true],
  ["a]", "a]", true],
  ["[^^]", "^", false],
  ["[^^]", "a", true],
  ["😀*", "😀x", true],
  ["[]a]", "]", undefined],
  ["[-]", "-", undefined],
  ["[x-]", "x", undefined],
  ["[-x]", "x", undefined],
  ["[a-b-c]", "a", undefined],
  ["[", "a", undefined],
  ["[^", "a", undefined],
  ["[^bc", "a", undefined],
  ["a[", "a", undefined],
  ["a[", "ab", undefined],
  ["a[", "x", undefined],
  ["a/b[", "x", undefined],
  ["*x[", "y", undefined],
  ["[]", "a", undefined],
  ["[^]", "a", undefined],
  ["\\", "a", undefined],
  ["a\\", "a", undefined],
  ["[\\", "a", undefined],
  ["[a-\\", "a", undefined],
  ["[a\\", "a", undefined],
];

describe("pathMatch", () => {
  for (const [pattern, name, matches] of names) {
    test(`${JSON.stringify(pattern)} against ${JSON.stringify(name)}`, () => {
      if (matches !== undefined) assert.equal(pathMatch(pattern, name), matches);
      else assert.throws(() => pathMatch(pattern, name), InvalidText);
    });
  }
});
