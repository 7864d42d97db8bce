// What fails again and again is told once a minute.
import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "../testing/manual-clock.ts";
import { notAgain } from "./not-again.ts";

test("the same sentence is told once a minute, and another one at once", () => {
  const clock = manualClock(0);
  const told: string[] = [];
  const tell = notAgain((failure) => void told.push(String(failure)), clock);
  for (let turn = 0; turn < 121; turn += 1) {
    tell(new Error("the disk is full"));
    if (turn === 7) tell("something else");
    clock.turn(500);
  }
  assert.deepEqual(told, ["Error: the disk is full", "something else", "Error: the disk is full"]);
});

test("what is remembered of it is bounded", () => {
  const clock = manualClock(0);
  let told = 0;
  const tell = notAgain(() => {
    told += 1;
  }, clock);
  for (let turn = 0; turn < 1_000; turn += 1) tell(new Error(String(turn)));
  tell(new Error("0"));
  assert.equal(told, 1_001);
});
