import assert from "node:assert/strict";
import { test } from "node:test";
import { openLog } from "@stoa/telemetry";
import { UseCounts } from "./count-uses.ts";

test("uses are written once, the hottest lists come first, and who is not asked for any more is forgotten", async () => {
  const written: (readonly string[])[] = [];
  await using counts = new UseCounts({
    uses: {
      async used(paths) {
        written.push(paths);
      },
      lastUse: async () => undefined,
    },
    log: openLog({ level: "error", format: "json" }),
  });
  for (const path of ["b", "a", "b"]) counts.count(path, true);
  counts.count("c", false);
  assert.deepEqual(counts.hottest(5), ["b", "a"]);
  assert.deepEqual(counts.hottest(5), ["b"], "what is past counts half");
  await counts.write();
  assert.deepEqual(written, [["b", "a", "c"]]);
  counts.count("a", true);
  await counts.write();
  assert.deepEqual(written.at(-1), ["a"]);
  assert.deepEqual(counts.hottest(5), ["a"]);
  await counts.write();
  assert.equal(written.length, 2);
});
