import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { InvalidText } from "./invalid-text.ts";
import {
  canonicalVersion,
  isIncompatible,
  isPrerelease,
  isVersion,
  parseVersion,
} from "./version.ts";

const canonical = [
  "v0.0.0",
  "v1.2.3",
  "v1.2.3-rc.1",
  "v2.0.0+incompatible",
  "v2.0.0-rc.1+incompatible",
  "v0.0.0-20060102150405-abcdef123456",
  "v1.0.0+incompatible",
  `v1.2.${"9".repeat(1000)}`,
];

describe("parseVersion takes a canonical version", () => {
  for (const text of canonical) {
    test(text.slice(0, 60), () => {
      assert.equal(isVersion(text), true);
      assert.equal(parseVersion(text), text);
      assert.equal(canonicalVersion(text), text);
    });
  }
});

/** With the canonical form, "" where there is none. */
const others = [
  ["v1", "v1.0.0"],
  ["v1.2", "v1.2.0"],
  ["v1.2.3+meta", "v1.2.3"],
  ["v1.2.3-rc.1+meta", "v1.2.3-rc.1"],
  ["v2.0.0+incompatible.1", "v2.0.0"],
  ["v2.0.0+Incompatible", "v2.0.0"],
  ["", ""],
  ["v2+incompatible", ""],
  ["1.2.3", ""],
  ["latest", ""],
  ["v1.2.3\n", ""],
] as const;

describe("parseVersion refuses", () => {
  for (const [text, form] of others) {
    test(JSON.stringify(text), () => {
      assert.equal(isVersion(text), false);
      assert.equal(canonicalVersion(text), form);
      assert.throws(
        () => parseVersion(text),
        (failure) =>
          failure instanceof InvalidText &&
          failure.kind === "version" &&
          failure.message.includes(form),
      );
    });
  }
});

test("isPrerelease and isIncompatible look at the two suffixes", () => {
  assert.equal(isPrerelease("v1.2.3"), false);
  assert.equal(isPrerelease("v1.2.3-0"), true);
  assert.equal(isPrerelease("v0.0.0-20060102150405-abcdef123456"), true);
  assert.equal(isPrerelease("v2.0.0+incompatible"), false);
  assert.equal(isPrerelease("nonsense-pre"), false);
  assert.equal(isIncompatible("v2.0.0+incompatible"), true);
  assert.equal(isIncompatible("v2.0.0-rc.1+incompatible"), true);
  assert.equal(isIncompatible("v2.0.0+incompatible.x"), false);
  assert.equal(isIncompatible("v2.0.0"), false);
  assert.equal(isIncompatible("nonsense+incompatible"), false);
});
