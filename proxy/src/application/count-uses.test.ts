import assert from "node:assert/strict";
import { test } from "node:test";
import { openLog } from "@stoa/telemetry";
import type { ModuleUses } from "../domain/module-uses.ts";
import { UseCounts } from "./count-uses.ts";

function usesThat(note: Partial<ModuleUses>): ModuleUses {
  return {
    used: async () => undefined,
    lastUse: async () => undefined,
    versionsUsed: async () => undefined,
    versionUses: async () => new Map(),
    forgetVersion: async () => undefined,
    ...note,
  };
}

test("uses are written once, the hottest lists come first, and who is not asked for any more is forgotten", async () => {
  const written: (readonly string[])[] = [];
  await using counts = new UseCounts({
    uses: usesThat({
      async used(paths) {
        written.push(paths);
      },
    }),
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

  for (let n = 1; n <= 150; n += 1) {
    for (let times = 0; times < n; times += 1) counts.count(`m${n}`, true);
  }
  const hundred = Array.from({ length: 100 }, (_, n) => `m${150 - n}`);
  assert.deepEqual(counts.hottest(100), hundred, "so many and no more, the hottest of all");
});

test("a version's clock is written at its first use, not again within the hour, and again after a failure", async () => {
  const written: string[] = [];
  let isBroken = true;
  await using counts = new UseCounts({
    uses: usesThat({
      async versionsUsed(modules) {
        if (isBroken) throw new Error("the disk is full");
        written.push(...modules.map(({ path, version }) => `${path}@${version}`));
      },
    }),
    log: openLog({ level: "silent", format: "json" }),
  });
  counts.count("example.com/a", false, "v1.0.0");
  await counts.write();
  isBroken = false;
  for (let round = 0; round < 3; round += 1) {
    counts.count("example.com/a", false, "v1.0.0");
    counts.count("example.com/a", false, "main");
    counts.count("example.com/a", false, "v1.1.0");
    await counts.write();
  }
  assert.deepEqual(written, ["example.com/a@v1.0.0", "example.com/a@v1.1.0"]);
});
