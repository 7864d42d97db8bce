import assert from "node:assert/strict";
import { test } from "node:test";
import { checkFilePath } from "./file-name-rules.ts";
import { InvalidText } from "./invalid-text.ts";

const allowed = [
  "a",
  ".gitignore",
  "-",
  "--x",
  "a b/c d.go",
  "!#$%&()+,-.=@[]^_{}~ 0Az",
  "a/..b",
  "ünï/中文.go",
  "\u{10400}",
  "\u{2ebe0}",
  "foo~1",
  "conx",
  "xcon.go",
  "com0",
  "com10",
  "lpt",
  "v1.0.0+incompatible",
];

const refused = [
  "",
  "/",
  "/a",
  "a/",
  "a//b",
  ".",
  "..",
  "a/.",
  "a/../b",
  "...",
  "a.",
  "a./b",
  "a\\b",
  "a:b",
  "a;b",
  "a*",
  "a?",
  "a<b",
  "a>b",
  "a|b",
  'a"b',
  "a'b",
  "a`b",
  "a\nb",
  "a\u0000",
  "a\u007f",
  "e\u0301",
  "😀",
  "，",
  "٣",
  "Ⅷ",
  "\u00a0",
  "\ufeff",
  "\ufffd",
  "\ud800",
  "a/con",
  "CON.txt",
  "Aux.tar.gz",
  "nul",
  "com1",
  "LPT9.go",
  // Letters of Unicode 15.1 and 16.
  "\u{2ebf0}",
  "\u1c89",
];

for (const path of allowed) {
  test(`checkFilePath allows ${JSON.stringify(path)}`, () => checkFilePath(path));
}

for (const path of refused) {
  test(`checkFilePath refuses ${JSON.stringify(path)}`, () => {
    assert.throws(
      () => checkFilePath(path),
      (failure) => failure instanceof InvalidText && failure.kind === "file path",
    );
  });
}
