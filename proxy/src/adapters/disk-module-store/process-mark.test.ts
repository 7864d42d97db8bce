// Telling dead processes from living ones.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { test } from "node:test";
import { ProcessMark } from "./process-mark.ts";

const hour = 60 * 60 * 1000;

test("the mark of a running process is not of the dead, however old what it marks", async () => {
  const mark = await ProcessMark.ofThisProcess();
  assert.equal(await mark.isOfTheDead(mark.text, 1000 * hour, hour), false);
});

test("the mark of a process that has ended is of the dead at once", async () => {
  const mark = await ProcessMark.ofThisProcess();
  const { pid } = spawnSync(process.execPath, ["--version"]);
  const ended = mark.text.replace(`-${process.pid}-`, `-${pid}-`);
  assert.equal(await mark.isOfTheDead(ended, 0, hour), true);
});

test("a process that was killed but not yet waited for is dead", async (t) => {
  const mark = await ProcessMark.ofThisProcess();
  const child = spawn("sh", ["-c", 'sh -c "exit 0" & echo $!; exec cat'], { stdio: "pipe" });
  t.after(() => child.kill());
  const [output] = await once(child.stdout, "data");
  const zombie = mark.text.replace(`-${process.pid}-`, `-${String(output).trim()}-`);
  // It may not have come to its end when its number is told.
  for (const end = performance.now() + 60_000; performance.now() < end; ) {
    if (await mark.isOfTheDead(zombie, 0, hour)) break;
  }
  assert.equal(await mark.isOfTheDead(zombie, 0, hour), true);
});

test("an earlier process of the same id is dead", { skip: noProc() }, async () => {
  const mark = await ProcessMark.ofThisProcess();
  const [machine, id, start] = mark.text.split("-");
  const earlier = `${machine}-${id}-${Number(start) - 1}`;
  assert.equal(await mark.isOfTheDead(earlier, 0, hour), true);
});

for (const text of ["0123456789ab-1-1", "", "no mark at all"]) {
  test(`whether ${JSON.stringify(text)}, of another machine, is dead is told by its age`, async () => {
    const mark = await ProcessMark.ofThisProcess();
    assert.equal(await mark.isOfTheDead(text, hour - 1, hour), false);
    assert.equal(await mark.isOfTheDead(text, hour + 1, hour), true);
  });
}

function noProc(): string | false {
  return process.platform === "linux" ? false : "there is no /proc here";
}
