import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { InvalidText } from "./invalid-text.ts";
import {
  isPseudoVersion,
  isZeroPseudoVersion,
  makePseudoVersion,
  pseudoVersionBase,
  pseudoVersionRev,
  pseudoVersionTime,
  zeroPseudoVersion,
} from "./pseudo-version.ts";

const time = new Date("2006-01-02T15:04:05.678Z");
const rev = "abcdef123456";
const tail = `20060102150405-${rev}`;

/** What goes in and what comes out, and the base that comes back. */
const made = [
  ["", "", `v0.0.0-${tail}`, ""],
  ["v0", "", `v0.0.0-${tail}`, ""],
  ["v1", "", `v1.0.0-${tail}`, ""],
  ["v12", "", `v12.0.0-${tail}`, ""],
  ["v1", "nonsense", `v1.0.0-${tail}`, ""],
  ["v1", "v1.2.3", `v1.2.4-0.${tail}`, "v1.2.3"],
  ["v1", "v1.2.9", `v1.2.10-0.${tail}`, "v1.2.9"],
  ["v1", "v1.2.99", `v1.2.100-0.${tail}`, "v1.2.99"],
  ["v1", "v1.2.0", `v1.2.1-0.${tail}`, "v1.2.0"],
  ["v1", "v1.2", `v1.2.1-0.${tail}`, "v1.2.0"],
  ["v1", "v1.2.9007199254740993", `v1.2.9007199254740994-0.${tail}`, "v1.2.9007199254740993"],
  ["v1", "v1.2.3-pre", `v1.2.3-pre.0.${tail}`, "v1.2.3-pre"],
  ["v1", "v1.2.3-pre-x.1", `v1.2.3-pre-x.1.0.${tail}`, "v1.2.3-pre-x.1"],
  ["v1", "v1.2.3-0", `v1.2.3-0.0.${tail}`, "v1.2.3-0"],
  ["v2", "v2.0.0+incompatible", `v2.0.1-0.${tail}+incompatible`, "v2.0.0+incompatible"],
  ["v2", "v2.0.0-rc+incompatible", `v2.0.0-rc.0.${tail}+incompatible`, "v2.0.0-rc+incompatible"],
  ["v2", "v2.0.0+meta.1", `v2.0.1-0.${tail}+meta.1`, "v2.0.0+meta.1"],
] as const;

describe("makePseudoVersion and back", () => {
  for (const [major, older, version, base] of made) {
    test(version, () => {
      assert.equal(makePseudoVersion(major, older, time, rev), version);
      assert.equal(isPseudoVersion(version), true);
      assert.equal(pseudoVersionBase(version), base);
      assert.equal(pseudoVersionRev(version), rev);
      assert.deepEqual(pseudoVersionTime(version), new Date("2006-01-02T15:04:05Z"));
    });
  }
});

const years = [
  ["-000001-01-01T00:00:00Z", "-00010101000000"],
  ["0000-01-01T00:00:00Z", "00000101000000"],
  ["0099-12-31T23:59:59Z", "00991231235959"],
  ["+010000-01-01T00:00:00Z", "100000101000000"],
  ["1969-12-31T23:59:59.999Z", "19691231235959"],
] as const;

for (const [text, timestamp] of years) {
  test(`makePseudoVersion writes the year of ${text} as Go does`, () => {
    assert.equal(makePseudoVersion("v0", "", new Date(text), "a"), `v0.0.0-${timestamp}-a`);
  });
}

const noPseudoVersions = [
  "",
  "v1.2.3",
  "v1.2.3-pre-x",
  `v0.0.0-2006010215040-${rev}`,
  `v0.0.0-200601021504055-${rev}`,
  "v0.0.0-20060102150405-",
  "v0.0.0-20060102150405",
  "v0.0.0-20060102150405-abc-def",
  "v0.0.0-20060102150405-abc.def",
  "v0.0.0-20060102150405-abc_def",
  `v1.2.0-${tail}`,
  `v1.0.1-${tail}`,
  `v1.2.3-pre.${tail}`,
  `v1.2.3-pre-0.${tail}`,
  `v1.2.3-pre.00.${tail}`,
  `v1.2.3-1.${tail}`,
  `v1.2.3-a0.${tail}`,
  `v01.0.0-${tail}`,
  `v1.2-${tail}`,
  `1.0.0-${tail}`,
  `v1.2.3-0.${tail}+`,
  `v1.2.3-0.${tail}+a..b`,
  `v1.2.3-0.${tail}\n`,
  `v1.2.3+0.${tail}`,
];

describe("these are no pseudo-versions", () => {
  for (const version of noPseudoVersions) {
    test(JSON.stringify(version), () => {
      assert.equal(isPseudoVersion(version), false);
      for (const partOf of [pseudoVersionTime, pseudoVersionRev, pseudoVersionBase]) {
        assert.throws(() => partOf(version), refusal);
      }
    });
  }
});

for (const version of [`v0.0.0-${tail}+incompatible`, `v1.0.0-${tail}+meta`]) {
  test(`pseudoVersionBase refuses ${version}, which has build metadata but no base`, () => {
    assert.equal(isPseudoVersion(version), true);
    assert.throws(() => pseudoVersionBase(version), refusal);
  });
}

for (const version of [`v1.0.0-0.${tail}`, `v1.2.0-0.${tail}+incompatible`]) {
  test(`pseudoVersionBase refuses ${version}, whose base would have a negative patch`, () => {
    assert.equal(isPseudoVersion(version), true);
    assert.throws(() => pseudoVersionBase(version), refusal);
  });
}

const timestamps = [
  ["00010101000000", "0001-01-01T00:00:00.000Z"],
  ["00000229235959", "0000-02-29T23:59:59.000Z"],
  ["20000229000000", "2000-02-29T00:00:00.000Z"],
  ["99991231235959", "9999-12-31T23:59:59.000Z"],
  ["19000229000000", undefined],
  ["20060001000000", undefined],
  ["20061301000000", undefined],
  ["20060100000000", undefined],
  ["20060132000000", undefined],
  ["20060431000000", undefined],
  ["20060102240000", undefined],
  ["20060102006000", undefined],
  ["20060102000060", undefined],
] as const;

describe("pseudoVersionTime", () => {
  for (const [timestamp, expected] of timestamps) {
    test(`${expected === undefined ? "refuses" : "reads"} ${timestamp}`, () => {
      const version = `v0.0.0-${timestamp}-${rev}`;
      assert.equal(isPseudoVersion(version), true);
      if (expected === undefined) assert.throws(() => pseudoVersionTime(version), refusal);
      else assert.equal(pseudoVersionTime(version).toISOString(), expected);
    });
  }
});

test("the zero pseudo-version of a major version", () => {
  assert.equal(zeroPseudoVersion(""), "v0.0.0-00010101000000-000000000000");
  assert.equal(zeroPseudoVersion("v3"), "v3.0.0-00010101000000-000000000000");
  assert.equal(isPseudoVersion(zeroPseudoVersion("v3")), true);
  assert.equal(isZeroPseudoVersion("v3.0.0-00010101000000-000000000000"), true);
  assert.equal(isZeroPseudoVersion("v0.0.0-00010101000000-000000000000"), true);
  assert.equal(isZeroPseudoVersion("v0.0.0-00010101000000-000000000001"), false);
  assert.equal(isZeroPseudoVersion("v0.0.0-00010101000000-000000000000+x"), false);
  assert.equal(isZeroPseudoVersion(""), false);
});

function refusal(failure: unknown): boolean {
  return failure instanceof InvalidText && failure.kind === "pseudo-version";
}
