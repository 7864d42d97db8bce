// Which way a module path takes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseModulePath, parseVersion } from "@stoa/gomod";
import { refusingUpstream } from "./refusing-upstream.ts";
import { routedUpstream } from "./routed-upstream.ts";

const never = new AbortController().signal;
const upstream = routedUpstream({
  patterns: "*.corp.example,example.com/private",
  matching: refusingUpstream("direct", "unsupported", "inside"),
  others: refusingUpstream("mirror", "not_found", "outside"),
});

for (const [path, way] of [
  ["git.corp.example/a/b", "inside"],
  ["example.com/private/x", "inside"],
  ["example.com/privateer", "outside"],
  ["corp.example/a", "outside"],
] as const) {
  test(`${path} comes from ${way}`, async () => {
    const module = { path: parseModulePath(path), version: parseVersion("v1.0.0") };
    const asked = [
      upstream.list(module.path, never),
      upstream.resolve(module.path, "latest", never),
      upstream.info(module, never),
      upstream.mod(module, never),
      upstream.zip(module, never),
    ];
    await Promise.all(asked.map((one) => assert.rejects(one, { message: way })));
  });
}

test("it goes by the name of the common way", () => {
  assert.equal(upstream.name, "mirror");
});
