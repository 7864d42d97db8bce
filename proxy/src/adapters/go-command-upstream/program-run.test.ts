// Programs that end, that do not, and that leave others behind.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type TestContext, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { type ProgramCall, ProgramFailure, runProgram } from "./program-run.ts";

const never = new AbortController().signal;

async function shell(t: TestContext, script: string): Promise<ProgramCall> {
  const cwd = await mkdtemp(join(tmpdir(), "stoa-program-"));
  t.after(() => rm(cwd, { recursive: true, force: true }));
  const env = { PATH: process.env["PATH"] ?? "" };
  return { command: "sh", args: ["-c", script], cwd, env, limitMs: 60_000 };
}

/** Waits until a program has written its file. */
async function written(call: ProgramCall, name: string): Promise<string> {
  for (let tried = 0; tried < 6_000; tried++) {
    const text = await readFile(join(call.cwd, name), "utf8").catch(() => "");
    if (text.endsWith("\n")) return text.trim();
    await setTimeout(20);
  }
  throw new Error(`${name} was not written`);
}

/** Waits for the end of a process. What was not yet waited for by the first process of the machine has ended, too. */
async function ended(id: string): Promise<void> {
  const status = `/proc/${id}/status`;
  for (let tried = 0; tried < 6_000; tried++) {
    const text = await readFile(status, "utf8").catch(() => "");
    if (text === "" || /^State:\s+[ZX]/m.test(text)) return;
    await setTimeout(20);
  }
  throw new Error(`${id} goes on`);
}

test("its outputs and exit code come back, and it has no input", async (t) => {
  const end = await runProgram(await shell(t, "cat; echo out; echo err >&2; exit 3"), never);
  assert.deepEqual(end, { exitCode: 3, stdout: "out\n", stderr: "err\n" });
});

test("a program that is not there is missing", async (t) => {
  const call = { ...(await shell(t, "")), command: "stoa-no-such-program" };
  await assert.rejects(runProgram(call, never), (failure) => {
    assert.ok(failure instanceof ProgramFailure);
    return failure.kind === "missing";
  });
});

test("a program that is too slow is ended, with all that it has started", async (t) => {
  const script = "sh -c 'echo $$ > inner; exec sleep 600' & wait";
  const call = { ...(await shell(t, script)), limitMs: 3_000 };
  await assert.rejects(runProgram(call, never), (failure) => {
    assert.ok(failure instanceof ProgramFailure);
    return failure.kind === "slow";
  });
  await ended(await written(call, "inner"));
});

test("who leaves ends it, also if it does not want to, and gets the reason", async (t) => {
  const script = "trap '' TERM; echo $$ > outer; while :; do sleep 0.1; done";
  const call = await shell(t, script);
  const leaving = new AbortController();
  const running = runProgram(call, leaving.signal);
  const id = await written(call, "outer");
  leaving.abort(new Error("left"));
  await assert.rejects(running, /left/);
  await ended(id);
});

test("what it has left behind in the background ends with it", async (t) => {
  const call = await shell(
    t,
    "sh -c 'echo $$ > inner; exec sleep 600' & while [ ! -s inner ]; do :; done",
  );
  const { exitCode } = await runProgram(call, never);
  assert.equal(exitCode, 0);
  await ended(await written(call, "inner"));
});

test("a program that says too much is ended", async (t) => {
  await assert.rejects(runProgram(await shell(t, "exec yes"), never), (failure) => {
    assert.ok(failure instanceof ProgramFailure);
    return failure.kind === "talkative";
  });
});
