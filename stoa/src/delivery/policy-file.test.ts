import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePolicyFile } from "./policy-file.ts";

test("parsePolicyFile asks for one approval where keys are named, and for none where they are not", () => {
  const file = parsePolicyFile(
    `days = 30
administrators = ["RWa", "RWb"]
quorum = 2

[[rules]]
services = ["shop"]
people = ["ann", "ci"]
keys = ["RWc"]

[[rules]]
`,
    "policy.toml",
  );
  assert.deepEqual(file, {
    administrators: ["RWa", "RWb"],
    quorum: 2,
    lifetimeMs: 30 * 24 * 3_600_000,
    rules: [
      { services: ["shop"], people: ["ann", "ci"], keys: ["RWc"], approvals: 1 },
      { services: [], people: [], keys: [], approvals: 0 },
    ],
  });
  assert.deepEqual(parsePolicyFile("", "policy.toml"), { rules: [] });
});

for (const [text, pattern] of [
  ["rules = 1", /^policy.toml: rules must be an array$/],
  ["[[rules]]\nwho = 1", /^policy.toml: there is no key rules.0.who; there are services, people, /],
  ["day = 3", /^policy.toml: there is no key day; days is probably meant$/],
  ["days = [", /^policy.toml:1:8: /],
  ["administrators = []", /^policy.toml: administrators must be at least 1/],
] as const) {
  test(`parsePolicyFile refuses ${JSON.stringify(text)} and says where`, () => {
    assert.throws(() => parsePolicyFile(text, "policy.toml"), { message: pattern });
  });
}
