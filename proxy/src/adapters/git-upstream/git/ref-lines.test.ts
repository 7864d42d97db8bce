// Tests of the names of a repository, as files have them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePackedRefs, withHeadRef } from "./ref-lines.ts";

const [a, b, c] = ["a", "b", "c"].map((digit) => digit.repeat(40)) as [string, string, string];
const packed = [
  "# pack-refs with: peeled fully-peeled sorted ",
  `${a} refs/heads/main`,
  `${b} refs/heads/other`,
  `${c} refs/tags/v1.0.0`,
  `^${b}`,
  "",
].join("\n");

for (const [name, head, hash] of [
  ["a branch", "ref: refs/heads/other\n", b],
  ["a commit that no branch leads to", `${c}\n`, c],
] as const) {
  test(`withHeadRef: HEAD is ${name}`, () => {
    const lines = withHeadRef(packed, head).split("\n");
    assert.equal(lines[3], `${hash} refs/stoa/head`);
    assert.deepEqual(lines.toSpliced(3, 1), packed.split("\n"));
    assert.equal(parsePackedRefs(withHeadRef(packed, head)).hashOf("HEAD"), hash);
  });
}

test("withHeadRef: a default branch without commits has no name", () => {
  assert.equal(withHeadRef(packed, "ref: refs/heads/none\n"), packed);
  assert.equal(withHeadRef("", "ref: refs/heads/main\n"), "");
});

test("withHeadRef: a repository with HEAD alone, and one without tags", () => {
  assert.equal(withHeadRef("", `${a}\n`), `${a} refs/stoa/head\n`);
  const branches = `${a} refs/heads/main\n`;
  const expected = `${branches}${a} refs/stoa/head\n`;
  assert.equal(withHeadRef(branches, "ref: refs/heads/main\n"), expected);
});
