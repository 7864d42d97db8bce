// One checking thread: its deaths and its stops.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseModulePath, parseVersion } from "@stoa/gomod";
import { CheckingThread } from "./checking-thread.ts";
import type { ZipCheckTask } from "./zip-check-report.ts";

const never = new AbortController().signal;

/** Does what the path of the zip says. */
const program = new URL(
  `data:text/javascript,${encodeURIComponent(`
    import { parentPort } from "node:worker_threads";
    let served = 0;
    parentPort.on("message", ({ zip }) => {
      if (zip.path === "exit") process.exit(7);
      if (zip.path === "throw") throw new Error("a mistake");
      if (zip.path === "hang") for (;;);
      parentPort.postMessage({ outcome: "sound", checked: { hash: String(++served) } });
    });
  `)}`,
);

test("a thread serves one task after another", async (t) => {
  const thread = new CheckingThread(program);
  t.after(() => thread.stop());
  assert.equal(await hashFrom(thread), "1");
  assert.equal(await hashFrom(thread), "2");
});

test("a thread that was prepared serves, and one that works is not started twice", async (t) => {
  const thread = new CheckingThread(program);
  t.after(() => thread.stop());
  thread.prepare();
  thread.prepare();
  assert.equal(await hashFrom(thread), "1");
  thread.prepare();
  assert.equal(await hashFrom(thread), "2");
});

for (const death of ["exit", "throw"]) {
  test(`a thread that dies (${death}) rejects its task, and the next is served by a new one`, async (t) => {
    const thread = new CheckingThread(program);
    t.after(() => thread.stop());
    assert.equal(await hashFrom(thread), "1");
    await assert.rejects(thread.run(task(death), never), /has died/);
    assert.equal(await hashFrom(thread), "1");
  });
}

test("a thread that hangs is left when the signal is aborted", async (t) => {
  const thread = new CheckingThread(program);
  t.after(() => thread.stop());
  const abort = new AbortController();
  const hanging = thread.run(task("hang"), abort.signal);
  abort.abort(new Error("enough"));
  await assert.rejects(hanging, /enough/);
  assert.equal(await hashFrom(thread), "1");
});

test("a stopped thread rejects its task", async () => {
  const thread = new CheckingThread(program);
  const hanging = thread.run(task("hang"), never);
  await Promise.all([assert.rejects(hanging, /was stopped/), thread.stop()]);
});

async function hashFrom(thread: CheckingThread): Promise<string> {
  const report = await thread.run(task("answer"), never);
  assert.ok(report.outcome === "sound");
  return report.checked.hash;
}

function task(path: string): ZipCheckTask {
  const module = { path: parseModulePath("example.com/a"), version: parseVersion("v1.0.0") };
  return { kind: "check", module, zip: { path } };
}
