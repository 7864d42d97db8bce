import assert from "node:assert/strict";
import { it } from "node:test";
import { respelled } from "./command-words.ts";

for (const [words, expected] of [
  [
    ["-config_file", "/c.toml"],
    ["serve", "--config-file", "/c.toml"],
  ],
  [["-config_file=/c.toml"], ["serve", "--config-file=/c.toml"]],
  [["--config_file=/c.toml"], ["serve", "--config-file=/c.toml"]],
  [["--config-file=/c.toml"], ["serve", "--config-file=/c.toml"]],
  [
    ["serve", "-config_file=/c.toml"],
    ["serve", "--config-file=/c.toml"],
  ],
  [
    ["config", "check", "-config_file", "/c.toml"],
    ["config", "check", "--config-file", "/c.toml"],
  ],
  [["-version"], ["--version"]],
  [["serve"], ["serve"]],
  [[], []],
] as const) {
  it(`${words.join(" ") || "nothing"} means ${expected.join(" ") || "nothing"}`, () => {
    assert.deepEqual(respelled(words), expected);
  });
}
