// Tests of reading wrk's report.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLoadReport } from "./wrk.ts";

const answered =
  '{"requests":1000,"microseconds":500000,"bytes":4000,"refusals":0,"brokenTransfers":0,"p50":650,"p99":1500}';

test("parseLoadReport finds the report among wrk's other lines", () => {
  assert.deepEqual(parseLoadReport(`Running 1s test\n  2 threads\n${answered}\n`), {
    requests: 1000,
    requestsPerSecond: 2000,
    bytesPerSecond: 8000,
    p50Milliseconds: 0.65,
    p99Milliseconds: 1.5,
  });
});

for (const [title, output, expected] of [
  ["a refusal", answered.replace('"refusals":0', '"refusals":3'), /3 were refused/],
  [
    "a broken transfer",
    answered.replace('"brokenTransfers":0', '"brokenTransfers":1'),
    /1 broke off/,
  ],
  ["no answer", answered.replace("1000", "0"), /no answer/],
  ["no report", "unable to connect", /unable to connect/],
] as const) {
  test(`parseLoadReport refuses a load with ${title}`, () => {
    assert.throws(() => parseLoadReport(output), expected);
  });
}
