import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { authorizationFor } from "./host-logins.ts";

const logins = [
  { machine: "github.com/acme", login: "acme", password: "1" },
  { machine: "github.com", login: "all", password: "2" },
  { machine: "*.corp.example", login: "corp", password: "3" },
  { machine: "ported.example:8443", login: "ported", password: "4" },
];

/** Address, and whose login it gets. */
const addresses: readonly (readonly [string, string | undefined])[] = [
  ["https://github.com/acme/x", "acme:1"],
  ["https://github.com/acmes/x", "all:2"],
  ["https://github.com/", "all:2"],
  ["https://github.com.evil.example/", undefined],
  ["https://git.corp.example/x", "corp:3"],
  ["https://a.git.corp.example/x", "corp:3"],
  ["https://corp.example/x", undefined],
  ["https://git.corp.example:444/x", "corp:3"],
  ["https://ported.example:8443/x", "ported:4"],
  ["https://ported.example/x", undefined],
];

describe("authorizationFor", () => {
  for (const [address, login] of addresses) {
    it(`${address}: ${login ?? "none"}`, () => {
      const header = login && `Basic ${Buffer.from(login).toString("base64")}`;
      assert.equal(authorizationFor(new URL(address), logins), header);
    });
  }
});
