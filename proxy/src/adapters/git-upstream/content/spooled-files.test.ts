// Tests of spooled files, in memory and on disk.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { SpooledFiles } from "./spooled-files.ts";

async function contentOf(spool: SpooledFiles, position: number, sizeBytes: number) {
  const chunks: Uint8Array[] = [];
  for await (const chunk of spool.read({ position, sizeBytes })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

for (const [name, lengths, files] of [
  ["little stays in memory", [0, 10, 70_000, 1, 900_000], 0],
  ["much goes to a file, and back", [10, 0, 2 ** 21 - 10, 1, 3_000_000, 5], 1],
] as const) {
  test(`SpooledFiles: ${name}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), "stoa-spool-"));
    try {
      const parts = lengths.map((length) => randomBytes(length));
      const spool = new SpooledFiles(folder);
      const places: number[] = [];
      for (const part of parts) {
        places.push(spool.size);
        await spool.append(part);
      }
      assert.equal((await readdir(folder)).length, files);
      for (const [index, part] of parts.entries()) {
        assert.deepEqual(await contentOf(spool, places[index] ?? 0, part.length), part);
      }
      await spool[Symbol.asyncDispose]();
      assert.deepEqual(await readdir(folder), []);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}
