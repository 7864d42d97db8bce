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
  ["porrt = 80", "stoa.toml: there is no key porrt; port is probably meant"],
  ["colour = 80", "stoa.toml: there is no key colour; there are service, environment, main, port"],
  ['health = { pth = "/x" }', "stoa.toml: health.path is missing"],
  ['health = { path = "/x", pth = 1 }', "stoa.toml: there is no key health.pth; path is probably"],
  ['port = "80"', "stoa.toml: port must be a number"],
  ["port = 99999", "stoa.toml: port must be at most 65535"],
  ['drain = "soon"', 'stoa.toml: drain must be a duration such as "500ms", "30s" or "2m"'],
  ['service = "My Shop"', "stoa.toml: service must be of a-z, 0-9 and -, such as shop-api"],
  ['health = "healthz"', "stoa.toml: health.path must be a path such as /healthz"],
  ["machines = { role = 3 }", "stoa.toml: machines.role must be a tag's value, or a list of them"],
  ['strategy = "boldly"', "stoa.toml: strategy must be one-at-a-time, all-at-once, half"],
  ['[environment_variables]\n"A B" = "x"', "stoa.toml: environment_variables must have names of"],
  ['limits.memory = "lots"', 'stoa.toml: limits.memory must be a size such as "512MiB"'],
  ["limits.memory = 512", "stoa.toml: limits.memory must be a string"],
  ['limits.cpu = "1.5"', "stoa.toml: limits.cpu must be a share of one processor"],
  ["limits.files = 3", "stoa.toml: limits.files must be at least 16"],
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
