import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  buildOf,
  canonicalSemver,
  compareVersions,
  isSemver,
  majorMinorOf,
  majorOf,
  prereleaseOf,
  sortVersions,
} from "./semver.ts";

/** Ascending; those in one row are equal. */
const ascending: readonly (readonly string[])[] = [
  ["", "bad", "1.2.3", "v1.2.3.4", "v01.0.0", "v1.0.0-", "\ud800"],
  ["v0.0.0-0"],
  ["v0.0.0", "v0", "v0.0", "v0.0.0+meta"],
  ["v0.0.1"],
  ["v1.0.0-0"],
  ["v1.0.0-9"],
  ["v1.0.0-10"],
  ["v1.0.0-99999999999999999998"],
  ["v1.0.0-99999999999999999999"],
  ["v1.0.0--"],
  ["v1.0.0--1"],
  ["v1.0.0-0a"],
  ["v1.0.0-A"],
  ["v1.0.0-alpha"],
  ["v1.0.0-alpha.1"],
  ["v1.0.0-alpha.1.0"],
  ["v1.0.0-alpha.beta"],
  ["v1.0.0-beta"],
  ["v1.0.0-beta.2"],
  ["v1.0.0-beta.11", "v1.0.0-beta.11+b.001"],
  ["v1.0.0-rc.1"],
  ["v1.0.0", "v1", "v1.0", "v1.0.0+incompatible"],
  ["v1.2.0"],
  ["v1.10.0"],
  ["v2.0.0"],
  ["v10.0.0"],
  ["v10.0.9007199254740993"],
  ["v10.0.9007199254740994"],
  [`v10.${"9".repeat(1000)}.0`],
  [`v10.1${"0".repeat(1000)}.0`],
];

test("compareVersions orders versions by precedence", () => {
  for (const [i, lower] of ascending.entries()) {
    for (const [j, higher] of ascending.entries()) {
      for (const a of lower) {
        for (const b of higher) {
          assert.equal(compareVersions(a, b), Math.sign(i - j), JSON.stringify([a, b]));
        }
      }
    }
  }
});

test("sortVersions sorts by precedence and then by bytes, and leaves its argument alone", () => {
  const expected = ascending.flatMap((row) =>
    [...row].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
  );
  const shuffled = [...expected].reverse();
  assert.deepEqual(sortVersions(shuffled), expected);
  assert.equal(shuffled[0], expected.at(-1));
  assert.deepEqual(sortVersions(["\u{10000}", "\uffff", "v1"]), ["\uffff", "\u{10000}", "v1"]);
  assert.deepEqual(sortVersions([]), []);
  assert.deepEqual(sortVersions(["v1.0.0", "v1.0.0"]), ["v1.0.0", "v1.0.0"]);
});

interface Parts {
  readonly canonical: string;
  readonly major: string;
  readonly majorMinor: string;
  readonly prerelease?: string;
  readonly build?: string;
}

const valid: Readonly<Record<string, Parts>> = {
  v0: { canonical: "v0.0.0", major: "v0", majorMinor: "v0.0" },
  v10: { canonical: "v10.0.0", major: "v10", majorMinor: "v10.0" },
  "v1.2": { canonical: "v1.2.0", major: "v1", majorMinor: "v1.2" },
  "v1.2.3": { canonical: "v1.2.3", major: "v1", majorMinor: "v1.2" },
  "v1.0.0-rc.1+b.01": {
    canonical: "v1.0.0-rc.1",
    major: "v1",
    majorMinor: "v1.0",
    prerelease: "-rc.1",
    build: "+b.01",
  },
  "v1.2.3--": { canonical: "v1.2.3--", major: "v1", majorMinor: "v1.2", prerelease: "--" },
  "v1.2.3-0a": { canonical: "v1.2.3-0a", major: "v1", majorMinor: "v1.2", prerelease: "-0a" },
  "v1.2.3-00a.0": {
    canonical: "v1.2.3-00a.0",
    major: "v1",
    majorMinor: "v1.2",
    prerelease: "-00a.0",
  },
  "v1.2.3+-": { canonical: "v1.2.3", major: "v1", majorMinor: "v1.2", build: "+-" },
  "v2.0.0+incompatible": {
    canonical: "v2.0.0",
    major: "v2",
    majorMinor: "v2.0",
    build: "+incompatible",
  },
};

describe("a valid version", () => {
  for (const [version, parts] of Object.entries(valid)) {
    test(version, () => {
      assert.equal(isSemver(version), true);
      assert.equal(canonicalSemver(version), parts.canonical);
      assert.equal(majorOf(version), parts.major);
      assert.equal(majorMinorOf(version), parts.majorMinor);
      assert.equal(prereleaseOf(version), parts.prerelease ?? "");
      assert.equal(buildOf(version), parts.build ?? "");
    });
  }
});

const invalid = [
  "",
  "v",
  "1",
  "V1",
  "vx",
  "v-1",
  "v+1",
  "v.",
  "v1.",
  "v1..",
  "v1.2.",
  "v1.2.3.",
  "v1.2.3.4",
  "v00",
  "v01",
  "v1.02",
  "v1.2.03",
  "v1.2.00",
  "v1-pre",
  "v1.2-pre",
  "v1+meta",
  "v1.2+meta",
  "v1.2.3-",
  "v1.2.3+",
  "v1.2.3-+",
  "v1.2.3-+b",
  "v1.2.3-a+",
  "v1.2.3-00",
  "v1.2.3-01",
  "v1.2.3-a.01",
  "v1.2.3-.",
  "v1.2.3-a.",
  "v1.2.3-.a",
  "v1.2.3-a..b",
  "v1.2.3+.",
  "v1.2.3+a.",
  "v1.2.3+a..b",
  "v1.2.3+a+b",
  "v1.2.3-a_b",
  "v1.2.3+a_b",
  "v1.2.3-é",
  "v1.2.3-\u0660",
  "v\u0661.2.3",
  " v1.2.3",
  "v1.2.3 ",
  "v1.2.3\n",
  "v1.2.3\0",
  "v1,2,3",
  "v1.2.3-a/b",
  "vv1.2.3",
  "v0x1.2.3",
  "v1.2.3-\ud800",
];

describe("an invalid version has no parts", () => {
  for (const version of invalid) {
    test(JSON.stringify(version), () => {
      assert.equal(isSemver(version), false);
      for (const partOf of [canonicalSemver, majorOf, majorMinorOf, prereleaseOf, buildOf]) {
        assert.equal(partOf(version), "", partOf.name);
      }
    });
  }
});
