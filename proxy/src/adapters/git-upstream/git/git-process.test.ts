import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { Git, type GitFailure } from "./git-process.ts";

/** Node plays git: what it does is in a script. */
const git = new Git(process.execPath);
const env = { PATH: process.env["PATH"] ?? "" };
const call = (script: string, deadlines = { silenceMs: 60_000, totalMs: 60_000 }) => ({
  args: ["-e", script],
  env,
  deadlines,
});
const never = new AbortController().signal;

describe("Git", () => {
  it("gives the output, and takes input", async () => {
    const echo = { ...call("process.stdin.pipe(process.stdout)"), input: "hello" };
    assert.equal((await git.run(echo, never)).toString(), "hello");
  });

  it("fails with what was said on the error output", async () => {
    const failing = call("console.error('oh'); process.exit(3)");
    await assert.rejects(git.run(failing, never), (failure: GitFailure) => {
      assert.deepEqual([failure.kind, failure.exitCode, failure.complaint], ["ended", 3, "oh\n"]);
      return true;
    });
  });

  it("says that the program is missing", async () => {
    await assert.rejects(new Git("/no/such/git").run(call(""), never), { kind: "missing" });
  });

  it("ends a process that is silent for too long, but not one that speaks", async () => {
    const speaking = call(
      "let n = 0; setInterval(() => { console.error(n++); n > 70 && process.exit() }, 50)",
      {
        silenceMs: 3_000,
        totalMs: 60_000,
      },
    );
    await git.run(speaking, never);
    const silent = call("setInterval(() => 0, 1000)", { silenceMs: 100, totalMs: 60_000 });
    await assert.rejects(git.run(silent, never), { kind: "silent" });
  });

  it("ends a process that takes too long", async () => {
    const slow = call("setInterval(() => console.error('.'), 10)", {
      silenceMs: 60_000,
      totalMs: 200,
    });
    await assert.rejects(git.run(slow, never), { kind: "slow" });
  });

  it("ends what the process has started, too, when the signal is aborted", async () => {
    // The output stays open as long as somebody has it, so that the end comes only when the child is gone as well.
    const script = `
      const { spawn } = require("node:child_process");
      spawn(process.execPath, ["-e", "setInterval(() => 0, 1000)"], { stdio: "inherit" });
      console.log("started");
      setInterval(() => 0, 1000);`;
    const stop = new AbortController();
    const running = git.start(call(script), stop.signal);
    running.stdout.once("data", () => stop.abort(new Error("enough")));
    await assert.rejects(running.ended, { message: "enough" });
  });

  it("stops a process when its listener throws", async () => {
    const speaking = {
      ...call("console.error('x'); setInterval(() => 0, 1000)"),
      onProgress: () => {
        throw new Error("heard enough");
      },
    };
    await assert.rejects(git.run(speaking, never), { message: "heard enough" });
  });

  it("starts nothing that lives on after a signal that was aborted before", async () => {
    await assert.rejects(
      git.run(call("setInterval(() => 0, 1000)"), AbortSignal.abort(new Error("no"))),
      {
        message: "no",
      },
    );
  });
});
