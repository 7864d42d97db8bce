// What a refusal looks like on the wire.
import assert from "node:assert/strict";
import type { HttpAnswer } from "./http-answer.ts";

/**
 * A refusal is one line of plain text, which the go command shows to its user, and neither it nor anybody else may
 * remember it as if it were an absence. `sentence` is what the line must hold.
 */
export function assertRefusal(
  answer: HttpAnswer,
  statuses: readonly number[],
  sentence = /\S/,
): void {
  const { status, headers, text } = answer;
  assert.ok(statuses.includes(status), `${status}: ${text}`);
  assert.equal(headers["content-type"], "text/plain; charset=utf-8");
  assert.match(text, /^[^\n]+ [^\n]+\n$/);
  assert.match(text, sentence);
  if (status >= 500) assert.doesNotMatch(headers["cache-control"] ?? "", /max-age=[1-9]/);
}
