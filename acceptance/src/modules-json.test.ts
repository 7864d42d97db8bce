// What `stoa modules … --json` prints is what docs/json.md says.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fixtureProxy } from "@stoa/proxy/testing";
import { hasMembersOf } from "./testing/json-page.ts";
import { smallModule } from "./testing/proxied-modules.ts";
import { finishedStoa } from "./testing/stoa-process.ts";
import { ageVersions } from "./testing/stored-versions.ts";
import { temporaryFolder } from "./testing/temporary-folder.ts";

test("every command about modules prints with --json what the page says, and nothing else there", async () => {
  await using folder = await temporaryFolder();
  const at = (name: string): string => join(folder.path, name);
  await using upstream = await fixtureProxy([
    await smallModule("example.com/one", "v1.0.0"),
    await smallModule("example.com/one", "v1.1.0"),
  ]);
  const env = { GOPROXY: upstream.url, ATHENS_DISK_STORAGE_ROOT: at("kept") };
  const printed = async (title: string, ...words: readonly string[]): Promise<object[]> => {
    const { stdout, stderr } = await finishedStoa(["modules", ...words, "--json"], env);
    const isOne = stdout.startsWith("{\n");
    const found = isOne ? [stdout] : stdout.split("\n").slice(0, -1);
    assert.notEqual(found.length, 0, `${words.join(" ")} printed nothing: ${stderr}`);
    const documents = found.map((text) => JSON.parse(text));
    for (const document of documents) hasMembersOf(title, document);
    return documents;
  };
  await writeFile(at("list"), "example.com/one@v1.0.0\nexample.com/none@v1.0.0\nno module\n");
  await writeFile(at("go.sum"), "example.com/one v1.0.0 h1:x=\n");

  const seeded = await printed("`stoa modules seed`", "seed", at("list"));
  assert.equal(seeded.length, 3);
  const crawled = await printed("`stoa modules crawl`", "crawl");
  assert.equal(crawled.length, 2);
  await printed("`stoa modules verify`", "verify");
  const exported = await printed("`stoa modules import`, `export`", "export", "--to", at("copy"));
  assert.equal(exported.length, 2);
  assert.equal((await finishedStoa(["modules", "keep", "add", at("go.sum")], env)).code, 0);
  await printed("`stoa modules keep list`", "keep", "list");
  await ageVersions(at("kept"));
  const due = await printed("`stoa modules retain`", "retain", "--age-days", "30");
  assert.equal(due.length, 2);
  await printed("`stoa modules explain`", "explain", "example.com/one@v1.0.0");
  await printed("`stoa modules queue`", "queue");
  await printed("`stoa modules check-access`", "check-access", "example.com/one");
  await printed("`stoa modules remove`", "remove", "--yes", "example.com/one@v1.1.0");
  await printed("`stoa modules trash`", "trash");
});
