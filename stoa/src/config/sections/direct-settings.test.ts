// Tests of the keys about repositories that have a grammar of their own.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RefusedValue } from "../setting.ts";
import { directSettings } from "./direct-settings.ts";

const { hostTokens } = directSettings;

describe("HostTokens", () => {
  it("are entries in their order, and are printed so that they can be read again", () => {
    const text = "github.com/acme=github:a=b;*.corp.example=basic:me:p:w;git.x.y=gitea:@/run/t";
    const tokens = hostTokens.parse(text);
    assert.deepEqual(tokens, [
      { pattern: "github.com/acme", kind: "github", secret: "a=b" },
      { pattern: "*.corp.example", kind: "basic", secret: "me:p:w" },
      { pattern: "git.x.y", kind: "gitea", secret: "@/run/t" },
    ]);
    assert.equal(hostTokens.print(tokens), text);
    assert.deepEqual(hostTokens.parse(""), []);
  });

  it("are a table in a file", () => {
    assert.deepEqual(hostTokens.fromFile({ "gitlab.x.y": "gitlab:t" }), [
      { pattern: "gitlab.x.y", kind: "gitlab", secret: "t" },
    ]);
  });

  for (const text of [
    "s3cret",
    "=github:s3cret",
    "a.b=s3cret",
    "a.b=cvs:s3cret",
    "a.b=github:",
    "a.b=basic:s3cret",
  ]) {
    it(`refuse ${text}, without repeating the secret`, () => {
      assert.throws(
        () => hostTokens.parse(text),
        (failure: Error) => failure instanceof RefusedValue && !failure.message.includes("s3cret"),
      );
    });
  }
});
