// Which credentials go where.
import assert from "node:assert/strict";
import { test } from "node:test";
import { authorizationFor } from "./upstream-credentials.ts";

const netrc = [
  { machine: "proxy.corp.example", login: "first", password: "word" },
  { machine: "proxy.corp.example", login: "second", password: "word" },
  { machine: "ported.example:8443", login: "ported", password: "word" },
];

function loginFor(upstream: string, url: string): string | undefined {
  const header = authorizationFor(new URL(upstream), netrc)(new URL(url));
  return header && Buffer.from(header.replace("Basic ", ""), "base64").toString();
}

test("the credentials of the URL go to its origin, decoded", () => {
  const upstream = "https://us%40er:p%3Aw%20d@proxy.example/base";
  assert.equal(loginFor(upstream, "https://proxy.example/base/x"), "us@er:p:w d");
});

test("a user name alone is a credential too", () => {
  assert.equal(loginFor("https://token@proxy.example", "https://proxy.example/x"), "token:");
});

for (const other of [
  "https://storage.example/x",
  "https://proxy.example:8443/x",
  "http://proxy.example/x",
  "https://sub.proxy.example/x",
]) {
  test(`the credentials of the URL do not go to ${other}`, () => {
    assert.equal(loginFor("https://user:word@proxy.example", other), undefined);
  });
}

test("the credentials of the URL go before those of .netrc", () => {
  const upstream = "https://user:word@proxy.corp.example";
  assert.equal(loginFor(upstream, "https://proxy.corp.example/x"), "user:word");
});

test("the first entry of .netrc for a machine counts, with or without a port", () => {
  const upstream = "https://proxy.example";
  assert.equal(loginFor(upstream, "https://proxy.corp.example:444/x"), "first:word");
  assert.equal(loginFor(upstream, "https://ported.example:8443/x"), "ported:word");
  assert.equal(loginFor(upstream, "https://ported.example/x"), undefined);
  assert.equal(loginFor(upstream, "https://proxy.example/x"), undefined);
});
