import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { PolicyProblems } from "../../domain/policy/policy-problems.ts";
import { parseDownloadFile } from "./download-file.ts";

const top = 'mode = "none"\ndownloadURL = ""\n';

const understood: readonly (readonly [name: string, text: string, blocks: readonly string[]])[] = [
  ["no block", top, []],
  ["no line break at the end", top.trimEnd(), []],
  ["a byte order mark", `\ufeff${top}`, []],
  [
    "Windows' line ends",
    `${top}download "a" {\n  mode = "sync"\n}\n`.replaceAll("\n", "\r\n"),
    ["a sync "],
  ],
  [
    "comments everywhere",
    `# a\n// b\n/* c\nd */ ${top}download /**/ "a" { # e\nmode = "sync" // f\n}#g`,
    ["a sync "],
  ],
  ["a block on one line", `${top}download "a" { mode = "sync" }`, ["a sync "]],
  ["a name for a label", `${top}download a-b { mode = "sync" }`, ["a-b sync "]],
  [
    "blocks in their order, before and behind attributes",
    `download "b" {\nmode = "sync"\n}\n${top}download "a" {\nmode = "none"\ndownloadURL = "https://x.example/y/"\n}\n`,
    ["b sync ", "a none https://x.example/y"],
  ],
  [
    "escapes",
    `${top}download "\\u0061\\U00000062\\t\\"\\\\\\\\$\${x}%%{y}" { mode = "sync" }`,
    ['ab\t"\\\\${x}%{y} sync '],
  ],
  ["attributes in any order, spaces of any kind", '\tdownloadURL\t=""\n\n\n   mode="none"', []],
];

const refused: readonly (readonly [text: string, ...problems: readonly string[]])[] = [
  [
    "",
    '1:1: the file has no mode: add mode = "sync", or another of',
    "1:1: the file has no downloadURL",
  ],
  [
    'mode = "asink"\ndownloadURL = ""',
    '1:8: "asink" is no mode; there are sync, async, none, redirect, async_redirect',
  ],
  ['mode = "none"\ndownloadURL = "gocenter.io"', '2:15: "gocenter.io" is no address'],
  [`${top}url = "x"`, "3:1: url is not known here; there are mode and downloadURL"],
  [`${top}redirect "x" {\n}`, "3:1: redirect is no block"],
  [`${top}download "a" {\n}`, '3:1: download "a" has no mode'],
  [`${top}download {\n  mode = "sync"\n}`, "3:1: a download block needs a pattern"],
  [`${top}download "a" "b" {\n  mode = "sync"\n}`, '3:14: "b" is one pattern too many'],
  [`${top}download "a[" {\n  mode = "sync"\n}`, '3:10: the pattern "a[" matches nothing'],
  [
    `${top}download "a" {\n  mode = "sync"\n  url = "x"\n  b {\n  }\n}`,
    "5:3: url is not known here",
    "6:3: b is a block",
  ],
  ['mode = "none"\nmode = "sync"', "2:1: mode is set for the second time"],
  ["mode = none", '1:8: the value of mode should be a text in quotes, and "none" is none'],
  ["mode = 5", '1:8: the value of mode should be a text in quotes, and "5" is none'],
  ["mode =\n", "1:7: the value of mode should be a text in quotes, and nothing is none"],
  [
    'mode = upper("none")',
    '1:8: the value of mode should be a text in quotes, and "upper" is none',
  ],
  ['mode = "a${b}"', '1:10: "a${b}" has a template in it'],
  ["mode = <<E\nnone\nE\n", "1:8: a heredoc"],
  ['mode = "none', '1:8: "none has no closing quote'],
  ['mode = "no\\ne\\q"', '1:14: "\\\\q" is no escape'],
  [
    'mode = "none" downloadURL = ""',
    "1:15: downloadURL must stand on a line of its own, not behind mode",
  ],
  ['download "a" { mode = "sync"\n}', "1:29: on the line of a {"],
  ['download "a" {\n  mode = "sync" }', "2:17: } must stand on a line of its own, not behind mode"],
  ['download "a" {\n  mode = "sync"\n', "1:14: this { is not closed"],
  ["}", "1:1: a line begins with the name of an attribute"],
  ["mode", "1:5: after mode comes a = or, for a block, a {, but not the end of the file"],
  ["b {\n".repeat(100_000), "101:1: b lies in more than 100 other blocks"],
  ["/* x", "1:1: this comment (/*) is not closed"],
  ["/* ä👩‍👩‍👧 */ x y", "1:13: after x comes"],
];

describe("parseDownloadFile", () => {
  for (const [name, text, blocks] of understood) {
    it(`understands ${name}`, () => {
      const rules = parseDownloadFile(text, "d.hcl");
      assert.deepEqual([rules.mode, rules.downloadUrl, rules.source], ["none", "", "d.hcl"]);
      const found = rules.blocks.map(
        ({ pattern, mode, downloadUrl }) => `${pattern} ${mode} ${downloadUrl}`,
      );
      assert.deepEqual(found, blocks);
    });
  }

  for (const [text, ...problems] of refused) {
    it(`refuses ${JSON.stringify(text.slice(0, 200))}`, () => {
      assert.throws(
        () => parseDownloadFile(text, "d.hcl"),
        (failure) => {
          assert.ok(failure instanceof PolicyProblems);
          assert.equal(failure.problems.length, problems.length, failure.message);
          for (const [index, problem] of problems.entries()) {
            const found: string = failure.problems[index] ?? "";
            assert.ok(found.startsWith(`d.hcl:${problem}`), found);
          }
          return true;
        },
      );
    });
  }

  it("says for each block where it stands", () => {
    const { blocks } = parseDownloadFile(`${top}\n\ndownload "a" {\nmode = "sync"\n}\n`, "d.hcl");
    assert.equal(blocks[0]?.source, "d.hcl:5");
  });
});
