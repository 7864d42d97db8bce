import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { reasonOf } from "./engine-reason.ts";

const distrusted = Object.assign(new Error("unable to verify the first certificate"), {
  code: "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
});

describe("reasonOf", () => {
  it("says what the engine says", () => {
    assert.equal(reasonOf(new Error("WRONGPASS")), "WRONGPASS");
    assert.equal(
      reasonOf(new AggregateError([new Error("refused"), new Error("x")], "all")),
      "refused",
    );
    assert.equal(reasonOf("nothing"), "nothing");
  });

  it("says what to do about a certificate, however deep the trouble lies", () => {
    for (const failure of [
      distrusted,
      new AggregateError([distrusted], "all"),
      new Error("no server", { cause: new TypeError("fetch failed", { cause: distrusted }) }),
      Object.assign(new Error("no slots"), { lastNodeError: distrusted }),
    ]) {
      assert.match(
        reasonOf(failure),
        /^its certificate is not trusted \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\): .*NODE_EXTRA_CA_CERTS$/,
      );
    }
  });
});
