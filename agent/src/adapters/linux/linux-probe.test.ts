import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { linuxProbe } from "./linux-probe.ts";

test("programFingerprint is one for a program, another for a copy of it, and none for what has ended", async () => {
  const folder = await mkdtemp(join(tmpdir(), "stoa-probe-"));
  const copy = join(folder, "sleep");
  await copyFile("/bin/sleep", copy);
  const children = ["/bin/sleep", "/bin/sleep", copy].map((program) => spawn(program, ["600"]));
  try {
    await Promise.all(children.map((child) => once(child, "spawn")));
    const fingerprints = await Promise.all(
      children.map(({ pid = 0 }) => linuxProbe.programFingerprint(pid)),
    );
    const [one, same, another] = fingerprints;
    assert.ok(one !== undefined);
    assert.equal(same, one);
    assert.ok(another !== undefined && another !== one);
    const [pid] = children.map((child) => child.pid ?? 0);
    const exit = once(children[0] as (typeof children)[number], "exit");
    children[0]?.kill("SIGKILL");
    await exit;
    assert.equal(await linuxProbe.programFingerprint(pid ?? 0), undefined);
  } finally {
    for (const child of children) child.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
});
