import assert from "node:assert/strict";
import { test } from "node:test";
import { parseModulePath, parseVersion, parseVersionInfo } from "@stoa/gomod";
import { type Papers, RecentPapers } from "./recent-papers.ts";

const module = { path: parseModulePath("x.test/m"), version: parseVersion("v1.0.0") };

function papersOf(modBytes: number): Papers {
  const bytes = Buffer.from('{"Version":"v1.0.0"}');
  const info = { bytes, info: parseVersionInfo(bytes), from: "direct" };
  return { info, mod: new Uint8Array(modBytes) };
}

test("papers are found for a while", () => {
  let now = 0;
  const recent = new RecentPapers(() => now);
  assert.equal(recent.find(module), undefined);
  recent.remember(module, papersOf(3));
  assert.equal(recent.find(module)?.mod.length, 3);
  now = 5 * 60_000;
  assert.equal(recent.find(module), undefined);
});

test("the newest stay, however large they are together", () => {
  const recent = new RecentPapers(() => 0);
  const versions = Array.from({ length: 10 }, (_, minor) => ({
    ...module,
    version: parseVersion(`v1.${minor}.0`),
  }));
  for (const version of versions) recent.remember(version, papersOf(2 ** 20));
  const found = versions.map((version) => recent.find(version) !== undefined);
  assert.deepEqual(found, [false, false, false, ...Array(7).fill(true)]);
  recent.remember(module, papersOf(2 ** 24));
  assert.equal(recent.find(module), undefined, "what is too large is not kept at all");
});
