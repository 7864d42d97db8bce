// What every error of a connection means.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseModulePath } from "@stoa/gomod";
import { ProxyFailure, type ProxyFailureCode } from "../../domain/proxy-failure.ts";
import { PassingFailure } from "./retries.ts";
import { transportFailure } from "./transport-failure.ts";

const scene = {
  host: "proxy.example",
  subject: { path: parseModulePath("example.com/m") },
  deadlines: { connectMs: 1000, firstByteMs: 2000, progressMs: 3000 },
};

const cases: readonly [error: string, code: ProxyFailureCode, passing: boolean, says: RegExp][] = [
  ["ECONNREFUSED", "upstream_unavailable", true, /refuses connections/],
  ["ECONNRESET", "upstream_unavailable", true, /broke off/],
  ["UND_ERR_SOCKET", "upstream_unavailable", true, /broke off/],
  ["ENOTFOUND", "upstream_unavailable", false, /no address/],
  ["EAI_AGAIN", "upstream_unavailable", true, /name server/],
  ["UND_ERR_CONNECT_TIMEOUT", "timed_out", true, /within 1 s/],
  ["UND_ERR_HEADERS_TIMEOUT", "timed_out", false, /within 2 s/],
  ["UND_ERR_BODY_TIMEOUT", "timed_out", false, /for 3 s/],
  ["SELF_SIGNED_CERT_IN_CHAIN", "upstream_unavailable", false, /SSL_CERT_FILE/],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "upstream_unavailable", false, /not trusted/],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "upstream_unavailable", false, /not trusted/],
  ["CERT_HAS_EXPIRED", "upstream_unavailable", false, /CERT_HAS_EXPIRED/],
  ["HPE_INVALID_CONSTANT", "upstream_unavailable", false, /HPE_INVALID_CONSTANT/],
  ["EWHATEVER", "upstream_unavailable", true, /EWHATEVER/],
];
for (const [error, code, passing, says] of cases) {
  test(`${error} is ${code}${passing ? ", and may pass" : ""}`, () => {
    const cause = Object.assign(new Error("secret detail"), { code: error });
    const failure = transportFailure(cause, scene);
    assert.equal(failure.code, code);
    assert.equal(failure instanceof PassingFailure, passing);
    assert.match(failure.message, says);
    assert.match(failure.message, /proxy\.example/);
    assert.equal(failure.message.includes("secret"), false);
    assert.equal(failure.cause, cause);
    assert.equal(failure.subject, scene.subject);
  });
}

test("a failure that is translated already stays as it is", () => {
  const failure = new ProxyFailure("not_found", "unknown revision");
  assert.equal(transportFailure(failure, scene), failure);
});

test("what is no error at all is an outage too", () => {
  assert.equal(transportFailure("x", scene).code, "upstream_unavailable");
});
