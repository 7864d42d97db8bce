// Tests of which hosts a token is for.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type HostToken, isForHost, readTokens } from "./host-tokens.ts";

const patterns = ["github.com/acme", "github.com", "*.corp.example", "ported.example:8443"];

/** Address, and the first pattern that is for it. */
const addresses: readonly (readonly [string, string | undefined])[] = [
  ["https://github.com/acme/x", "github.com/acme"],
  ["https://github.com/acme/x.git/info/refs", "github.com/acme"],
  ["https://github.com/acmes/x", "github.com"],
  ["https://github.com/", "github.com"],
  ["https://github.com.evil.example/", undefined],
  ["https://git.corp.example/x", "*.corp.example"],
  ["https://a.git.corp.example/x", "*.corp.example"],
  ["https://corp.example/x", undefined],
  ["https://git.corp.example:444/x", "*.corp.example"],
  ["https://ported.example:8443/x", "ported.example:8443"],
  ["https://ported.example/x", undefined],
];

describe("isForHost", () => {
  for (const [address, expected] of addresses) {
    it(`${address}: ${expected ?? "none"}`, () => {
      assert.equal(
        patterns.find((pattern) => isForHost(pattern, new URL(address))),
        expected,
      );
    });
  }
});

describe("readTokens", () => {
  /** Kind, secret, and the login that they make. */
  const kinds: readonly (readonly [HostToken["kind"], string, string])[] = [
    ["github", "t", "x-access-token:t"],
    ["gitlab", "t", "oauth2:t"],
    ["gitea", "t", "oauth2:t"],
    ["bitbucket", "t", "x-token-auth:t"],
    ["basic", "me:p:w", "me:p:w"],
  ];
  for (const [kind, secret, expected] of kinds) {
    it(`gives a ${kind} token its user name`, async () => {
      const [found] = await readTokens([{ pattern: "a.b", kind, secret }]);
      assert.equal(`${found?.login.login}:${found?.login.password}`, expected);
      assert.equal(found?.login.from, "HostTokens for a.b");
    });
  }

  it("reads a token from a file, and says which cannot be read", async () => {
    const folder = await mkdtemp(join(tmpdir(), "stoa-tokens-"));
    try {
      const path = join(folder, "token");
      await writeFile(path, "from-file\n");
      const [found] = await readTokens([{ pattern: "a.b", kind: "gitlab", secret: `@${path}` }]);
      assert.equal(found?.login.password, "from-file");
      await assert.rejects(
        readTokens([{ pattern: "a.b", kind: "gitlab", secret: `@${path}2` }]),
        new RegExp(`${path}2 with a token`),
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
