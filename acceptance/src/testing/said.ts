// What a program writes arrives by a pipe, a moment after what it answers.
import assert from "node:assert/strict";
import { until } from "./bounded-wait.ts";

/** Waits until the program has written what the pattern describes; fails with all it wrote if it never does. */
export async function said(
  program: { readonly output: () => string },
  pattern: RegExp,
): Promise<void> {
  await until(String(pattern), () => pattern.test(program.output())).catch(() =>
    assert.match(program.output(), pattern),
  );
}
