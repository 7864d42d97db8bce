import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { escapePath, escapeVersion, unescapePath, unescapeVersion } from "./escaped-path.ts";
import { InvalidText } from "./invalid-text.ts";

const paths = [
  ["example.com/x", "example.com/x"],
  ["github.com/Azure/azure-sdk-for-go", "github.com/!azure/azure-sdk-for-go"],
  ["rsc.io/QuoTe/v2", "rsc.io/!quo!te/v2"],
  ["x.y/ABC", "x.y/!a!b!c"],
  ["x.y/z-A_b.C~d", "x.y/z-!a_b.!c~d"],
] as const;

describe("paths", () => {
  for (const [path, escaped] of paths) {
    test(`${path} is escaped as ${escaped} and back`, () => {
      assert.equal(escapePath(path), escaped);
      assert.equal(unescapePath(escaped), path);
    });
  }

  for (const path of ["", "x", "X.y/z", "x.y/!a", "x.y/é", "x.y/v1"]) {
    test(`escapePath refuses ${JSON.stringify(path)}`, () => {
      assert.throws(() => escapePath(path), refusal("module path"));
    });
  }

  for (const [escaped, kind] of [
    ["x.y/A", "escaped module path"],
    ["x.y/!A", "escaped module path"],
    ["x.y/!", "escaped module path"],
    ["x.y/a!", "escaped module path"],
    ["x.y/!!a", "escaped module path"],
    ["x.y/!1", "escaped module path"],
    ["x.y/!/a", "escaped module path"],
    ["x.y/é", "escaped module path"],
    ["x.y/\ud83d", "escaped module path"],
    ["x.y/😀", "escaped module path"],
    ["", "module path"],
    ["!x.y/z", "module path"],
    ["x.y/!c!o!n", "module path"],
    ["x/y", "module path"],
    ["x.y/%21a", "module path"],
  ] as const) {
    test(`unescapePath refuses ${JSON.stringify(escaped)}`, () => {
      assert.throws(() => unescapePath(escaped), refusal(kind));
    });
  }
});

const versions = [
  ["v1.2.3", "v1.2.3"],
  ["v1.2.3-RC1", "v1.2.3-!r!c1"],
  ["v2.0.0+incompatible", "v2.0.0+incompatible"],
  ["main", "main"],
  ["Feature_X", "!feature_!x"],
  [".hidden", ".hidden"],
  ["release 1.2 (final)", "release 1.2 (final)"],
  ["#$%&()+,-.=@[]^_{}~ 0", "#$%&()+,-.=@[]^_{}~ 0"],
  ["a~1", "a~1"],
] as const;

const versionRefusals = [
  ["", "version"],
  [".", "version"],
  ["...", "version"],
  ["a.", "version"],
  ["a/b", "version"],
  ["a\\b", "version"],
  ["a:b", "version"],
  ["con", "version"],
  ["nul.1", "version"],
  ["a\n", "version"],
  ["a*", "version"],
  ["é", "escaped version"],
  ["日本", "escaped version"],
  ["!", "escaped version"],
  ["!A", "escaped version"],
  ["V1", "escaped version"],
  ["v1!", "escaped version"],
] as const;

describe("versions", () => {
  for (const [version, escaped] of versions) {
    test(`${version} is escaped as ${escaped} and back`, () => {
      assert.equal(escapeVersion(version), escaped);
      assert.equal(unescapeVersion(escaped), version);
    });
  }

  for (const [escaped, kind] of versionRefusals) {
    test(`unescapeVersion refuses ${JSON.stringify(escaped)}`, () => {
      assert.throws(() => unescapeVersion(escaped), refusal(kind));
    });
  }

  for (const version of [
    "",
    ".",
    "a.",
    "a/b",
    "a!b",
    "!",
    "é",
    "日本",
    "\ud800",
    "CON",
    "a\u007f",
  ]) {
    test(`escapeVersion refuses ${JSON.stringify(version)}`, () => {
      assert.throws(() => escapeVersion(version), refusal("version"));
    });
  }
});

function refusal(kind: string): (failure: unknown) => boolean {
  return (failure) => failure instanceof InvalidText && failure.kind === kind;
}
