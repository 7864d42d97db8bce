// What a program writes arrives by a pipe, a moment after what it answers.
import assert from "node:assert/strict";
import { holds } from "./bounded-wait.ts";

/** Waits until the program has written what the pattern describes; fails with all it wrote if it never does. */
export function said(program: { readonly output: () => string }, pattern: RegExp): Promise<void> {
  return holds(() => assert.match(program.output(), pattern));
}
