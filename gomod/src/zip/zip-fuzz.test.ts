// Damaged archives: whatever the bytes, the answer is a result or `InvalidText`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { InvalidText } from "../invalid-text.ts";
import { MutatedZips } from "../testing/mutated-zips.ts";
import { corpusModule, zipCorpus } from "../testing/zip-corpus.ts";
import { memorySource } from "./byte-source.ts";
import { checkModuleZip } from "./check-module-zip.ts";
import { hashZip } from "./hash-zip.ts";

/** Another seed or more rounds look further: FUZZ_SEED=7 FUZZ_ROUNDS=100000. */
const seed = Number(process.env["FUZZ_SEED"] ?? 1);
const rounds = Number(process.env["FUZZ_ROUNDS"] ?? 5000);

const corpus = zipCorpus().map(({ bytes }) => bytes);

test("checkModuleZip and hashZip fail with InvalidText only, and agree on what they accept", async () => {
  const zips = new MutatedZips(seed, corpus as [Buffer, ...Buffer[]]);
  let accepted = 0;
  for (let round = 0; round < rounds; round++) {
    const bytes = zips.next();
    try {
      const hash = await hashOrNone(() => hashZip(memorySource(bytes)));
      const checked = await hashOrNone(() => hashOf(bytes));
      if (checked !== undefined) accepted++;
      assert.equal(checked ?? hash, hash);
    } catch (failure) {
      const zip = bytes.toString("base64");
      throw new Error(`seed ${seed}, round ${round}: ${zip}`, { cause: failure });
    }
  }
  assert.ok(accepted > rounds / 100, `only ${accepted} of ${rounds} archives were accepted`);
});

test("every beginning of a sound archive is refused", async () => {
  const sound = corpus.find((bytes) => bytes.includes("b/c.go")) ?? Buffer.alloc(0);
  assert.ok(await hashOf(sound));
  for (let length = 0; length < sound.length; length++) {
    await assert.rejects(hashZip(memorySource(sound.subarray(0, length))), InvalidText);
    await assert.rejects(hashOf(sound.subarray(0, length)), InvalidText);
  }
});

async function hashOf(bytes: Uint8Array): Promise<string> {
  return (await checkModuleZip(memorySource(bytes), corpusModule)).hash;
}

async function hashOrNone(hash: () => Promise<string>): Promise<string | undefined> {
  try {
    return await hash();
  } catch (failure) {
    if (failure instanceof InvalidText) return undefined;
    throw failure;
  }
}
