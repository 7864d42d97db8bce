import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { limitWarnings, parseServiceFile } from "./service-file.ts";

test("parseServiceFile reads the file that docs/deploy.md shows", () => {
  const page = readFileSync(new URL("../../../docs/deploy.md", import.meta.url), "utf8");
  const [, text = ""] = /```toml\n(.*?)```/s.exec(page) ?? [];
  const file = parseServiceFile(text, "stoa.toml");
  assert.equal(file.service, "shop");
  assert.deepEqual(file.machines, { role: ["web", "api"], zone: "a" });
  assert.equal(file.health?.path, "/healthz");
  assert.equal(file.drain, 30_000);
  assert.equal(file.bake, 10_000);
  assert.deepEqual(file.environment_variables, { LOG_LEVEL: "info" });
});

test("limits: what the page shows, and what is said of those that hold less without systemd", () => {
  const page = readFileSync(new URL("../../../docs/deploy.md", import.meta.url), "utf8");
  const [, text = ""] = /```toml\n(.*?)```/s.exec(page) ?? [];
  const file = parseServiceFile(text, "stoa.toml");
  assert.deepEqual(file.limits, { memory: 512 << 20, cpu: 150, files: 65_536, processes: 200 });
  assert.deepEqual(limitWarnings(file), [
    "limits.cpu holds only where systemd runs the processes",
    "limits.memory bounds the service with its children where systemd runs them, and elsewhere each process for itself",
    "limits.processes counts those of the service where systemd runs them, and elsewhere all of shop",
  ]);
  const bare = parseServiceFile("limits = { processes = 9 }", "stoa.toml");
  assert.match(limitWarnings(bare).join(), /root is not bound by it; name a user/);
  assert.deepEqual(limitWarnings(parseServiceFile("", "stoa.toml")), []);
});

test("parseServiceFile gives the defaults that the page names", () => {
  const file = parseServiceFile("", "stoa.toml");
  assert.deepEqual([file.start_within, file.hold, file.drain], [60_000, 500, 30_000]);
});

const refused = [
  ["prot = 80", "stoa.toml: there is no key prot; there are service, environment, main, port"],
  ['port = "80"', "stoa.toml: port: Invalid input: expected number, received string"],
  ['drain = "soon"', 'stoa.toml: drain: should be a duration such as "500ms", "30s" or "2m"'],
  ['service = "My Shop"', "stoa.toml: service: should be of a-z, 0-9 and -, such as shop-api"],
  ['limits.memory = "lots"', 'stoa.toml: limits.memory: should be a size such as "512MiB"'],
  ["limits.memory = 512", "stoa.toml: limits.memory: Invalid input: expected string"],
  ['limits.cpu = "1.5"', "stoa.toml: limits.cpu: should be a share of one processor"],
  ["limits.files = 3", "stoa.toml: limits.files: should be 16 at least"],
  ["limits.disk = 3", "stoa.toml: there is no key limits.disk; there are memory, cpu, files"],
  ["port = ", "stoa.toml:1:8"],
] as const;

for (const [text, sentence] of refused) {
  test(`parseServiceFile refuses ${text}`, () => {
    assert.throws(
      () => parseServiceFile(text, "stoa.toml"),
      (failure: Error) => failure.message.startsWith(sentence),
    );
  });
}
