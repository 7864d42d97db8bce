// When another attempt is made, on a clock of its own.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ModulePath, parseModulePath } from "@stoa/gomod";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import { PassingFailure, type RetryClock, retrying, systemClock } from "./retries.ts";

const never = new AbortController().signal;
const path: ModulePath = parseModulePath("example.com/m");
const retries = { attempts: 4, firstPauseMs: 100, longestPauseMs: 250, withinMs: 10_000 };

/** A clock that only pauses move, and the pauses it was asked for. */
function handClock(chance = 0.5): RetryClock & { readonly pauses: number[] } {
  const pauses: number[] = [];
  let nowMs = 0;
  return {
    pauses,
    nowMs: () => nowMs,
    random: () => chance,
    pause: async (ms) => {
      pauses.push(ms);
      nowMs += ms;
    },
  };
}

/** Fails as often as told, then gives the number of attempts. */
function failing(times: number, afterMs = 0): () => Promise<number> {
  let attempts = 0;
  return async () => {
    attempts += 1;
    if (attempts > times) return attempts;
    const message = `failure ${attempts}`;
    throw new PassingFailure("upstream_unavailable", message, { subject: { path }, afterMs });
  };
}

test("an attempt that succeeds is the only one", async () => {
  const clock = handClock();
  assert.equal(await retrying(failing(0), { retries, clock }, never), 1);
  assert.deepEqual(clock.pauses, []);
});

test("passing failures are tried again, after pauses that grow up to a bound", async () => {
  const clock = handClock();
  assert.equal(await retrying(failing(3), { retries, clock }, never), 4);
  assert.deepEqual(clock.pauses, [50, 100, 125]);
});

test("the last failure stands", async () => {
  await assert.rejects(retrying(failing(9), { retries, clock: handClock() }, never), {
    message: "failure 4",
  });
});

test("other failures are not tried again", async () => {
  const clock = handClock();
  const attempt = async (): Promise<never> => {
    throw new ProxyFailure("not_found", "unknown revision");
  };
  await assert.rejects(retrying(attempt, { retries, clock }, never), {
    message: "unknown revision",
  });
  assert.deepEqual(clock.pauses, []);
});

test("a pause that the other side asks for is kept", async () => {
  const clock = handClock();
  await retrying(failing(1, 3000), { retries, clock }, never);
  assert.deepEqual(clock.pauses, [3050]);
});

test("no attempt is begun after the time for all is over", async () => {
  const clock = handClock();
  await assert.rejects(retrying(failing(9, 6000), { retries, clock }, never), {
    message: "failure 2",
  });
  assert.equal(clock.pauses.length, 1);
});

test("an aborted pause ends with the signal's reason", async () => {
  const leaving = new AbortController();
  const reason = new Error("the client has left");
  const pausing = systemClock.pause(60_000, leaving.signal);
  leaving.abort(reason);
  await assert.rejects(pausing, reason);
});
