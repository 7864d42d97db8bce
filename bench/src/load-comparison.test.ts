// Tests of comparing servers under load.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compareLoads, type MeasuredLoad } from "./load-comparison.ts";

function loads(rates: readonly number[], microseconds?: number): readonly MeasuredLoad[] {
  return rates.map((rate) => ({
    report: {
      requests: rate,
      requestsPerSecond: rate,
      bytesPerSecond: 0,
      p50Milliseconds: 1,
      p99Milliseconds: 2,
    },
    processor: microseconds === undefined ? undefined : { microseconds, share: 1 },
  }));
}

test("compareLoads takes the ratio round by round, and the processor time the other way round", () => {
  const row = compareLoads(loads([50, 10, 80], 20), loads([100, 10, 100], 10));
  assert.equal(row.ratio, 0.8);
  assert.equal(row["spread"], "0.50–1.00");
  assert.equal(row["ours"], 50);
  assert.equal(row["processorRatio"], 0.5);
});

test("compareLoads says nothing of the processor of a server that is not ours", () => {
  const row = compareLoads(loads([50], 20), loads([100]));
  assert.equal(row["ourMicroseconds"], 20);
  assert.ok(!("theirMicroseconds" in row));
  assert.ok(!("processorRatio" in row));
});
