// What every status means.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseModulePath } from "@stoa/gomod";
import type { ProxyFailure, ProxyFailureCode } from "../../domain/proxy-failure.ts";
import { PassingFailure } from "./retries.ts";
import { statusFailure } from "./status-failure.ts";

const subject = { path: parseModulePath("example.com/m"), version: "v1.0.0" };

function failureOf(status: number, reason?: string, retryAfter?: string): ProxyFailure {
  return statusFailure({ status, reason, host: "proxy.example", subject, retryAfter });
}

const cases: readonly [status: number, code: ProxyFailureCode, tryAgain: boolean][] = [
  [204, "upstream_unavailable", false],
  [304, "upstream_unavailable", false],
  [400, "upstream_unavailable", false],
  [401, "upstream_unavailable", false],
  [403, "refused", false],
  [404, "not_found", false],
  [410, "not_found", false],
  [418, "upstream_unavailable", false],
  [429, "upstream_unavailable", true],
  [500, "upstream_unavailable", false],
  [502, "upstream_unavailable", true],
  [503, "upstream_unavailable", true],
  [504, "timed_out", true],
  [508, "loop", false],
  [599, "upstream_unavailable", false],
];
for (const [status, code, tryAgain] of cases) {
  test(`an answer ${status} is ${code}${tryAgain ? ", and tried again" : ""}`, () => {
    const failure = failureOf(status);
    assert.equal(failure.code, code);
    assert.equal(failure instanceof PassingFailure, tryAgain);
    assert.equal(failure.subject, subject);
  });
}

test("the sentence repeats what the upstream says", () => {
  const { message } = failureOf(404, "unknown revision v1.2.9");
  assert.equal(message, "proxy.example says: unknown revision v1.2.9");
});

test("the sentence names the status where the upstream says nothing", () => {
  assert.equal(failureOf(500).message, "proxy.example says: 500 Internal Server Error");
  assert.equal(failureOf(599).message, "proxy.example says: 599");
});

test("an upstream that asks for credentials is no absence, and the sentence says where they belong", () => {
  assert.match(failureOf(401).message, /\.netrc/);
});

test("a 404 because of the mirror's own time limit is a time-out", () => {
  assert.equal(failureOf(404, "fetch timed out").code, "timed_out");
  assert.equal(failureOf(404, "git fetch -f timed out in the year 12").code, "not_found");
});

test("Retry-After is kept where it is in seconds", () => {
  const waits = (header?: string): number =>
    (failureOf(503, undefined, header) as PassingFailure).afterMs;
  assert.equal(waits("3"), 3000);
  assert.equal(waits(), 0);
  assert.equal(waits("Fri, 31 Dec 1999 23:59:59 GMT"), 0);
});
