// What lists of versions are read as.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseModulePath } from "@stoa/gomod";
import { latestListed, parseVersionList, taggedVersions } from "./version-list.ts";

const path = parseModulePath("example.com/m");
const path2 = parseModulePath("example.com/m/v2");
const pseudo = "v0.0.0-20200102030405-abcdefabcdef";

const lists: readonly [what: string, text: string, tags: readonly string[]][] = [
  ["one per line", "v1.0.0\nv1.1.0\n", ["v1.0.0", "v1.1.0"]],
  ["any line ends and spaces", "\r\n v1.0.0 \r\n\n\tv1.1.0", ["v1.0.0", "v1.1.0"]],
  ["times", "v1.0.0 2020-01-02T03:04:05Z", ["v1.0.0"]],
  ["duplicates", "v1.0.0\nv1.0.0", ["v1.0.0"]],
  ["pseudo-versions", `${pseudo}\nv1.0.0`, ["v1.0.0"]],
  ["other majors", "v2.0.0\nv2.0.0+incompatible\nv3.0.0-pre", ["v2.0.0+incompatible"]],
  ["what is not canonical", "v1\nv1.2\nv1.0.0+meta\nv01.0.0\n1.0.0\nlatest", []],
  ["nothing", "", []],
];
for (const [what, text, tags] of lists) {
  test(`a list with ${what} is read`, () => {
    assert.deepEqual(taggedVersions(parseVersionList(text, path)), tags);
  });
}

test("a list is read for its module path", () => {
  const tags = taggedVersions(parseVersionList("v1.0.0\nv2.0.0\nv3.0.0+incompatible", path2));
  assert.deepEqual(tags, ["v2.0.0"]);
});

const latests: readonly [what: string, text: string, latest: string | undefined][] = [
  ["the highest release", "v1.0.0\nv1.10.0\nv1.9.0\nv1.11.0-pre", "v1.10.0"],
  ["the highest pre-release without releases", "v1.0.0-a\nv1.0.0-b", "v1.0.0-b"],
  ["a tag rather than a newer pseudo-version", `v0.1.0 2001-01-01T00:00:00Z\n${pseudo}`, "v0.1.0"],
  [
    "the newest pseudo-version, by the time beside it",
    `${pseudo} 2020-01-02T03:04:05Z\nv0.0.0-20190102030405-aaaaaaaaaaaa 2021-01-01T00:00:00Z`,
    "v0.0.0-20190102030405-aaaaaaaaaaaa",
  ],
  [
    "the newest pseudo-version, by the time in it",
    `v0.0.0-20190102030405-aaaaaaaaaaaa\n${pseudo} soon\nv0.0.0-20199999999999-cccccccccccc`,
    pseudo,
  ],
  ["nothing in an empty list", "\n", undefined],
];
for (const [what, text, latest] of latests) {
  test(`the latest version is ${what}`, () => {
    assert.equal(latestListed(parseVersionList(text, path)), latest);
  });
}
