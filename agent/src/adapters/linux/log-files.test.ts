import assert from "node:assert/strict";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { logFiles } from "./log-files.ts";

test("a log that has become large is put aside while its writer goes on, and four are kept", async () => {
  const folder = mkdtempSync(join(tmpdir(), "stoa-logs-"));
  const path = join(folder, "shop.log");
  const writer = openSync(path, "a");
  try {
    writeSync(writer, "a line\n");
    await logFiles.rotate(path);
    assert.deepEqual(readdirSync(folder), ["shop.log"], "it is small");
    const large = Buffer.alloc(10 << 20, "x");
    for (let round = 1; round <= 6; round += 1) {
      writeSync(writer, large);
      await logFiles.rotate(path);
      assert.equal(statSync(path).size, 0);
      writeSync(writer, `after ${round}\n`);
      assert.equal(statSync(path).size, 8, "its writer goes on at the start");
    }
    const names = ["shop.log", "shop.log.1", "shop.log.2", "shop.log.3", "shop.log.4"];
    assert.deepEqual(readdirSync(folder).sort(), names);
  } finally {
    closeSync(writer);
    rmSync(folder, { recursive: true });
  }
});
