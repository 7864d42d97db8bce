// Files that are read ahead in groups.
import assert from "node:assert/strict";
import { test } from "node:test";
import { DamagedRepository } from "../git/bare-repository.ts";
import { type ContentSource, KeptContent, type KeptFile } from "./kept-content.ts";

/** Content that is told by its hash, `LETTER*SIZE`, and a note of all that was asked for. */
function source(): ContentSource & { readonly asked: string[] } {
  const asked: string[] = [];
  const contentOf = (hash: string): Buffer => {
    const [letter = "", size] = hash.split("*");
    return Buffer.alloc(Number(size), letter);
  };
  return {
    asked,
    async object(hash) {
      asked.push(hash);
      if (hash.startsWith("lost")) return undefined;
      return { hash, type: "blob", size: 0, content: contentOf(hash) };
    },
    async *stream(hash) {
      asked.push(hash);
      yield contentOf(hash);
    },
  };
}

function files(...hashes: readonly string[]): readonly KeptFile[] {
  return hashes.map((hash) => ({ hash, sizeBytes: Number(hash.split("*")[1]) }));
}

async function read(content: KeptContent, file: KeptFile | undefined): Promise<string> {
  if (file === undefined) throw new Error("no such file");
  const chunks = await Array.fromAsync(content.read(file));
  const bytes = Buffer.concat(chunks);
  return `${bytes.toString("latin1", 0, 1)}*${bytes.length}`;
}

test("files come in their order, whatever their sizes", async () => {
  const all = files("a*10", "b*700000", "c*2000000", "d*700000", "e*0", "f*700000", "g*1048576");
  const content = new KeptContent(source(), all);
  const found: string[] = [];
  for (const file of all) found.push(await read(content, file));
  assert.deepEqual(
    found,
    all.map(({ hash }) => hash).map((hash) => (hash === "e*0" ? "*0" : hash)),
  );
});

test("files may be passed over, and none is read twice", async () => {
  const all = files("a*700000", "b*700000", "c*700000", "d*700000");
  const content = new KeptContent(source(), all);
  assert.equal(await read(content, all[0]), "a*700000");
  assert.equal(await read(content, all[2]), "c*700000");
  await assert.rejects(read(content, all[0]), /none of those that are still to be read/);
});

test("no more is read ahead than two groups", async () => {
  const wide = files(...Array.from({ length: 10 }, () => "a*700000"));
  const many = files(...Array.from({ length: 5000 }, () => "a*1"));
  for (const [all, most] of [
    [wide, 2],
    [many, 1000],
  ] as const) {
    const from = source();
    const content = new KeptContent(from, all);
    await content.begun();
    assert.equal(from.asked.length, most);
  }
});

test("a file that is not there is a damage, for whoever wants it", async () => {
  const all = files("a*1", "lost*1");
  const content = new KeptContent(source(), all);
  await assert.rejects(content.begun(), DamagedRepository);
  assert.equal(await read(content, all[0]), "a*1");
  await assert.rejects(read(content, all[1]), DamagedRepository);
});
