import assert from "node:assert/strict";
import { test } from "node:test";
import { parseTextArchive, type TextArchive } from "./text-archive.ts";

const cases: readonly (readonly [title: string, text: string, archive: TextArchive])[] = [
  ["nothing", "", { comment: "", files: [] }],
  ["a comment alone", "hello\nworld", { comment: "hello\nworld\n", files: [] }],
  [
    "files behind a comment",
    "c\n-- a.go --\npackage a\n\n-- sub/b --\nx",
    {
      comment: "c\n",
      files: [
        { name: "a.go", content: "package a\n\n" },
        { name: "sub/b", content: "x\n" },
      ],
    },
  ],
  [
    "empty files, the last one without a newline behind its marker",
    "-- a --\n-- b --",
    {
      comment: "",
      files: [
        { name: "a", content: "" },
        { name: "b", content: "" },
      ],
    },
  ],
  [
    "a name with spaces around it and in it",
    "--  a b\t --\nx\n",
    { comment: "", files: [{ name: "a b", content: "x\n" }] },
  ],
  [
    "lines that are no markers",
    "-- --\n--  --\n-- a -- \n -- a --\n--a --\n-- a--\n---- a --\n-- a --\r\n",
    {
      comment: "-- --\n--  --\n-- a -- \n -- a --\n--a --\n-- a--\n---- a --\n-- a --\r\n",
      files: [],
    },
  ],
];

for (const [title, text, archive] of cases) {
  test(`parseTextArchive reads ${title}`, () => {
    assert.deepEqual(parseTextArchive(text), archive);
  });
}
