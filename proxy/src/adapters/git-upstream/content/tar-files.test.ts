import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { RepositoryDraft } from "../testing/repository-draft.ts";
import { BrokenArchive, tarFiles } from "./tar-files.ts";

async function* inChunks(bytes: Buffer, length: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += length)
    yield bytes.subarray(start, start + length);
}

async function contents(chunks: AsyncIterable<Buffer>): Promise<Record<string, string>> {
  const pieces = await Array.fromAsync(tarFiles(chunks));
  const files = Map.groupBy(pieces, ({ path }) => path);
  return Object.fromEntries(
    [...files].map(([path, parts]) => {
      const content = Buffer.concat(parts.map(({ bytes }) => bytes));
      assert.deepEqual(new Set(parts.map(({ sizeBytes }) => sizeBytes)), new Set([content.length]));
      return [path, content.toString()];
    }),
  );
}

describe("tarFiles", async () => {
  const long = `${"d".repeat(150)}/${"e".repeat(150)}.txt`;
  const files = {
    "a.txt": "a\n",
    "dir/empty": "",
    block: "x".repeat(512),
    more: "y".repeat(1025),
    "größe/世界": "ü\n",
    [`${"p".repeat(60)}/${"q".repeat(60)}`]: "prefix\n",
    [long]: "long\n",
  };
  const draft = new RepositoryDraft();
  draft.commit({ ...files, link: { link: "a.txt" }, "long-link": { link: "z".repeat(200) } });
  const folder = await mkdtemp(join(tmpdir(), "stoa-tar-"));
  await draft.write(folder);
  const archive = spawnSync("git", ["archive", "--format=tar", "main"], { cwd: folder }).stdout;
  await rm(folder, { recursive: true });

  for (const length of [1, 7, 512, 513, archive.length]) {
    it(`reads what git writes, in chunks of ${length}`, async () => {
      assert.deepEqual(await contents(inChunks(archive, length)), files);
    });
  }

  it("knows an archive that ends early", async () => {
    for (const length of [0, 100, 512, 1000, archive.length - 1024 * 10]) {
      await assert.rejects(contents(inChunks(archive.subarray(0, length), 512)), BrokenArchive);
    }
  });

  it("knows what is no archive", async () => {
    await assert.rejects(contents(inChunks(Buffer.alloc(2048, "x"), 512)), BrokenArchive);
  });
});
