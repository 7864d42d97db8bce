import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { describe, it } from "node:test";
import { openAdminGate, openGate } from "./gate.ts";

const account = { user: "reader", password: "pass:word ü" };
const adminToken = "open-sesame";

function ask(url: string, headers: Record<string, string> = {}, isTls = false): IncomingMessage {
  const socket = isTls ? { encrypted: true } : {};
  return { url, headers: { host: "go.example", ...headers }, socket } as unknown as IncomingMessage;
}

function basic(text: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(text).toString("base64")}` };
}

it("openGate has nothing to ask without rules", () => {
  assert.equal(
    openGate({ forceSsl: false, account: undefined, adminToken: undefined, prefix: "" }),
    undefined,
  );
});

describe("basic authentication", () => {
  const gate = openGate({ forceSsl: false, account, adminToken, prefix: "/go" });

  for (const [shown, headers] of [
    ["no header", {}],
    ["another scheme", { authorization: "Bearer reader:pass:word" }],
    ["nothing", { authorization: "Basic" }],
    ["no base64", { authorization: "Basic ???" }],
    ["another password", basic("reader:pass")],
    ["another user", basic("writer:pass:word ü")],
    ["an empty account", basic(":")],
    ["another token", { authorization: "Bearer open-sesam" }],
    ["the token by another scheme", { authorization: "Basic open-sesame" }],
    ["more than the password", basic("reader:pass:word ü ")],
  ] as const) {
    it(`turns ${shown} away, with a challenge`, () => {
      const answer = gate?.(ask("/go/example.com/m/@v/list", headers));
      assert.equal(answer?.status, 401);
      assert.equal(answer.headers[0], "WWW-Authenticate");
      assert.match(answer.headers[1] ?? "", /^Basic realm="/);
    });
  }

  it("lets the account in", () => {
    assert.equal(gate?.(ask("/go/", basic("reader:pass:word ü"))), undefined);
    const lowerCase = basic("reader:pass:word ü")["authorization"]?.replace("Basic", "basic") ?? "";
    assert.equal(gate?.(ask("/go/", { authorization: lowerCase })), undefined);
  });

  it("lets administrators in", () => {
    assert.equal(gate?.(ask("/go/", { authorization: "Bearer open-sesame" })), undefined);
  });

  for (const path of ["/healthz", "/readyz", "/go/healthz", "/go/readyz", "/readyz?verbose"]) {
    it(`is not asked for at ${path}`, () => assert.equal(gate?.(ask(path)), undefined));
  }

  for (const path of [
    "/",
    "/metrics",
    "/version",
    "/go/metrics",
    "/healthz/",
    "/%68ealthz",
    "/go/x/healthz",
    "//healthz",
  ]) {
    it(`is asked for at ${path}`, () => assert.equal(gate?.(ask(path))?.status, 401));
  }
});

describe("ForceSSL", () => {
  const gate = openGate({ forceSsl: true, account, adminToken, prefix: "" });

  it("sends clients without TLS to https before it asks who they are", () => {
    const answer = gate?.(ask("/example.com/!m/@v/list?a=b"));
    assert.equal(answer?.status, 301);
    assert.equal(answer.headers[1], "https://go.example/example.com/!m/@v/list?a=b");
  });

  it("keeps to the host of the request, also when the target is a whole URL", () => {
    const answer = gate?.(ask("http://other.example/a"));
    assert.equal(answer?.headers[1], "https://go.example/a");
  });

  it("is content with TLS here or in front", () => {
    assert.equal(gate?.(ask("/", {}, true))?.status, 401);
    assert.equal(gate?.(ask("/", { "x-forwarded-proto": "https" }))?.status, 401);
    assert.equal(gate?.(ask("/", { "x-forwarded-proto": "http" }))?.status, 301);
  });

  it("leaves probes alone", () => assert.equal(gate?.(ask("/healthz")), undefined));
});

describe("the gate of administrators", () => {
  it("is not there without a token", () => {
    assert.equal(openAdminGate({ adminToken: undefined }), undefined);
  });

  const gate = openAdminGate({ adminToken });
  for (const [shown, headers] of [
    ["nobody", {}],
    ["the account", basic("reader:pass:word ü")],
    ["another token", { authorization: "Bearer open-sesame-street" }],
    ["an empty token", { authorization: "Bearer " }],
  ] as const) {
    it(`turns ${shown} away`, () => {
      const answer = gate?.(ask("/api/modules/explain", headers));
      assert.equal(answer?.status, 401);
      assert.match(answer.headers[1] ?? "", /^Bearer /);
    });
  }

  it("lets the token in", () => {
    assert.equal(gate?.(ask("/api/", { authorization: "bearer open-sesame" })), undefined);
  });
});
