// Who gets a place, and who gets none.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { parseModulePath } from "@stoa/gomod";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import { HostQueues } from "./host-queue.ts";

const subject = { path: parseModulePath("example.com/m") };
const never = new AbortController().signal;
const isOverloaded = (failure: unknown): boolean =>
  failure instanceof ProxyFailure && failure.code === "overloaded";

/** Whether a promise has settled once everything that was due has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const note = (): void => {
    settled = true;
  };
  promise.then(note, note);
  await setImmediate();
  return settled;
}

test("a host serves as many at a time as allowed, the others in their order", async () => {
  const queues = new HostQueues({ concurrent: 2, waiting: 10 });
  const first = await queues.enter("a", subject, never);
  await queues.enter("a", subject, never);
  const third = queues.enter("a", subject, never);
  const fourth = queues.enter("a", subject, never);
  assert.equal(await isSettled(third), false);
  first[Symbol.dispose]();
  first[Symbol.dispose](); // a second time gives nobody a place
  (await third)[Symbol.dispose]();
  (await fourth)[Symbol.dispose]();
});

test("hosts do not wait for each other", async () => {
  const queues = new HostQueues({ concurrent: 1, waiting: 10 });
  await queues.enter("a", subject, never);
  await queues.enter("b", subject, never);
});

test("a full queue refuses at once", async () => {
  const queues = new HostQueues({ concurrent: 1, waiting: 1 });
  const place = await queues.enter("a", subject, never);
  const leaving = new AbortController();
  const waiting = queues.enter("a", subject, leaving.signal);
  await assert.rejects(queues.enter("a", subject, never), isOverloaded);
  leaving.abort();
  await assert.rejects(waiting, { name: "AbortError" });
  const next = queues.enter("a", subject, never);
  assert.equal(await isSettled(next), false);
  place[Symbol.dispose]();
  (await next)[Symbol.dispose]();
});

test("who is aborted leaves at once, and takes no place with him", async () => {
  const queues = new HostQueues({ concurrent: 1, waiting: 10 });
  const place = await queues.enter("a", subject, never);
  const leaving = new AbortController();
  const gone = queues.enter("a", subject, leaving.signal);
  const patient = queues.enter("a", subject, never);
  const reason = new Error("the client has left");
  leaving.abort(reason);
  place[Symbol.dispose](); // in the same turn: the place must pass by the one who is leaving
  await assert.rejects(gone, reason);
  (await patient)[Symbol.dispose]();
  await assert.rejects(queues.enter("a", subject, AbortSignal.abort(reason)), reason);
});
