import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { RepositoryRefs } from "./repository-refs.ts";

const refs = new RepositoryRefs([
  ["HEAD", "3"],
  ["refs/heads/main", "3"],
  ["refs/tags/v1.0.0", "1"],
  ["refs/tags/v1.0.0-a", "2"],
  ["refs/tags/é", "2"],
  ["refs/tags/z", "2"],
  ["refs/tags/sub/v1.0.0", "3"],
  ["refs/tags/v0.0.0-20200101000000-abcdefabcdef", "3"],
  ["refs/tags/v1.2", "3"],
  ["refs/tags/v1.2.0+meta", "3"],
  ["refs/pull/1/head", "4"],
]);

describe("RepositoryRefs", () => {
  it("has tags in the order of their bytes, and no pull requests", () => {
    assert.deepEqual(
      refs.tags.map(({ name }) => name),
      [
        "sub/v1.0.0",
        "v0.0.0-20200101000000-abcdefabcdef",
        "v1.0.0",
        "v1.0.0-a",
        "v1.2",
        "v1.2.0+meta",
        "z",
        "é",
      ],
    );
    assert.equal(refs.hashOf("refs/pull/1/head"), undefined);
  });

  it("knows the tags of a commit", () => {
    assert.deepEqual(refs.tagsAt("2"), ["v1.0.0-a", "z", "é"]);
  });

  it("sums up the tags that are versions, or nearly", () => {
    const sum = (...lines: string[]) =>
      `t1:${createHash("sha256").update(lines.join("")).digest("base64")}`;
    assert.equal(refs.tagSum(""), sum('"v1.0.0" 1\n', '"v1.0.0-a" 2\n', '"v1.2.0+meta" 3\n'));
    assert.equal(refs.tagSum("sub/"), sum('"sub/v1.0.0" 3\n'));
    assert.equal(refs.tagSum("v1.0"), sum('"v1.0.0" 1\n', '"v1.0.0-a" 2\n'));
    assert.equal(refs.tagSum("v2."), sum());
  });

  it("is the same if the same names lead to the same commits", () => {
    const entries = [...refs.entries()];
    assert.ok(refs.isSame(new RepositoryRefs(entries.toReversed())));
    assert.ok(!refs.isSame(new RepositoryRefs(entries.slice(1))));
    assert.ok(!refs.isSame(new RepositoryRefs([...entries, ["refs/tags/new", "1"]])));
    assert.ok(!refs.isSame(new RepositoryRefs([...entries, ["HEAD", "1"]])));
  });
});
