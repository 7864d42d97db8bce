import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ModulePath } from "@stoa/gomod";
import { ProxyFailure, type ProxyFailureCode } from "../domain/proxy-failure.ts";
import { failureAnswer } from "./failure-answer.ts";

const options = { absenceSeconds: 10, requestId: "r1" };
const path = "example.com/m" as ModulePath;

const statuses: readonly (readonly [ProxyFailureCode, number])[] = [
  ["not_found", 404],
  ["bad_request", 400],
  ["refused", 403],
  ["unsupported", 501],
  ["loop", 508],
  ["upstream_unavailable", 502],
  ["invalid_module", 502],
  ["altered_module", 502],
  ["timed_out", 504],
  ["overloaded", 503],
  ["store_unavailable", 503],
];

describe("failureAnswer", () => {
  for (const [code, status] of statuses) {
    it(`answers ${code} with ${status} and an explicit lifetime`, () => {
      const answer = failureAnswer(new ProxyFailure(code, "because"), options);
      assert.equal(answer.status, status);
      assert.match(answer.sentence, /^[a-z ]+: because$/);
      const cacheControl = answer.headers[answer.headers.indexOf("Cache-Control") + 1];
      assert.equal(cacheControl, code === "not_found" ? "public, max-age=10" : "no-store");
      assert.equal(answer.headers.includes("Retry-After"), status === 503);
    });
  }

  it("names the module and the version", () => {
    const failure = new ProxyFailure("not_found", "unknown revision v1.2.3", {
      subject: { path, version: "v1.2.3" },
    });
    assert.equal(
      failureAnswer(failure, options).sentence,
      "not found: example.com/m@v1.2.3: unknown revision v1.2.3",
    );
  });

  it("stays one printable line that the go command shows", () => {
    const failure = new ProxyFailure(
      "upstream_unavailable",
      `a\r\n\r\nb\u0000\u2028c\t${"d".repeat(900)}`,
    );
    const { sentence } = failureAnswer(failure, options);
    assert.match(sentence, /^upstream failed: a b c d+$/);
    assert.ok(sentence.length <= 600);
  });

  it("tells nothing about a bug but where to look", () => {
    const answer = failureAnswer(new TypeError("x is undefined at /secret/path"), options);
    assert.equal(answer.status, 500);
    assert.match(answer.sentence, /internal error.*r1/);
    assert.doesNotMatch(answer.sentence, /secret/);
  });
});
