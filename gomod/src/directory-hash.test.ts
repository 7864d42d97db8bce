import assert from "node:assert/strict";
import { hash } from "node:crypto";
import { test } from "node:test";
import { hashFiles, hashGoMod, hashRawFiles } from "./directory-hash.ts";
import { InvalidText } from "./invalid-text.ts";

const sha256 = (text: string) => hash("sha256", text, "hex");

test("hashGoMod of an empty go.mod is the one that the go command is known to drop", () => {
  assert.equal(hashGoMod(Buffer.alloc(0)), "h1:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrydY=");
});

test("hashGoMod of a go.mod is the line in go.sum", () => {
  const goMod = Buffer.from('module "rsc.io/quote"\n\nrequire "rsc.io/sampler" v1.3.0\n');
  assert.equal(hashGoMod(goMod), "h1:LzX7hefJvL54yjefDEDHNONDjII0t9xZLPXsUe+TKr0=");
});

test("hashFiles of nothing is the hash of no lines", () => {
  assert.equal(hashFiles([]), "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
});

test("hashFiles orders names by their UTF-8 bytes, not by UTF-16 units", () => {
  // In UTF-16 the astral letter (a surrogate pair) comes before U+FB01, in UTF-8 behind it.
  const names = ["m@v/b", "m@v/\u{10400}", "m@v/\ufb01", "m@v/B"];
  const inOrder = ["m@v/B", "m@v/b", "m@v/\ufb01", "m@v/\u{10400}"];
  const lines = inOrder.map((name) => `${sha256(name)}  ${name}\n`).join("");
  assert.equal(
    hashFiles(names.map((name) => ({ name, sha256: sha256(name) }))),
    `h1:${hash("sha256", lines, "base64")}`,
  );
});

test("hashRawFiles takes the bytes of a name that is not UTF-8", () => {
  const line = Buffer.concat([Buffer.from(`${sha256("x")}  m`), Buffer.from([0xff, 0x0a])]);
  assert.equal(
    hashRawFiles([{ rawName: "m\u00ff", sha256: sha256("x") }]),
    `h1:${hash("sha256", line, "base64")}`,
  );
});

test("hashFiles hashes a name twice that occurs twice", () => {
  const file = { name: "a", sha256: sha256("x") };
  assert.notEqual(hashFiles([file, file]), hashFiles([file]));
});

test("hashFiles refuses a newline in a name", () => {
  assert.throws(() => hashFiles([{ name: "a\nb", sha256: sha256("x") }]), InvalidText);
});
