// Tests of byte-range.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ByteRange, toByteRange } from "./byte-range.ts";

type Outcome = readonly [first: number, last: number] | "unsatisfiable" | "whole";

const ofTen: readonly (readonly [text: string, outcome: Outcome])[] = [
  ["bytes=0-0", [0, 0]],
  ["bytes=0-9", [0, 9]],
  ["bytes=2-5", [2, 5]],
  ["bytes=9-9", [9, 9]],
  ["bytes=5-100", [5, 9]],
  ["bytes=5-99999999999999999999999", [5, 9]],
  ["bytes=5-", [5, 9]],
  ["bytes=0-", [0, 9]],
  ["bytes=-1", [9, 9]],
  ["bytes=-10", [0, 9]],
  ["bytes=-11", [0, 9]],
  ["bytes=-99999999999999999999999", [0, 9]],
  ["bytes=007-08", [7, 8]],
  ["BYTES=2-5", [2, 5]],
  ["bytes= 2-5 ", [2, 5]],
  ["bytes=,2-5,", [2, 5]],
  ["bytes=10-", "unsatisfiable"],
  ["bytes=10-20", "unsatisfiable"],
  ["bytes=99999999999999999999999-", "unsatisfiable"],
  ["bytes=-0", "unsatisfiable"],
  ["bytes=5-2", "whole"],
  ["bytes=0-1,3-4", "whole"],
  ["bytes=0-1, -1", "whole"],
  ["bytes=-", "whole"],
  ["bytes=", "whole"],
  ["bytes", "whole"],
  ["bytes=a-b", "whole"],
  ["bytes=1.5-2", "whole"],
  ["bytes=+1-2", "whole"],
  ["bytes=0x1-0x2", "whole"],
  ["bytes=--5", "whole"],
  ["bytes=1--5", "whole"],
  ["bytes = 2-5", "whole"],
  ["bytes=2 - 5", "whole"],
  ["lines=0-1", "whole"],
  ["2-5", "whole"],
  ["", "whole"],
];

const ofNone: typeof ofTen = [
  ["bytes=0-", "unsatisfiable"],
  ["bytes=0-0", "unsatisfiable"],
  ["bytes=-0", "unsatisfiable"],
  ["bytes=-5", "whole"],
];

for (const [size, cases] of [
  [10, ofTen],
  [0, ofNone],
] as const) {
  for (const [text, outcome] of cases) {
    test(`toByteRange takes ${JSON.stringify(text)} of ${size} bytes for ${outcome}`, () => {
      const range = toByteRange(text, size);
      assert.deepEqual(isRange(range) ? [range.first, range.last] : (range ?? "whole"), outcome);
    });
  }
}

function isRange(range: ReturnType<typeof toByteRange>): range is ByteRange {
  return typeof range === "object";
}
