// The sha256 of many entries of a zip archive.
import { hash } from "node:crypto";
import type { RawHashedFile } from "../directory-hash.ts";
import { EntryBatch } from "./entry-batch.ts";
import { type LocatedEntry, release, type ZipContents } from "./zip-content.ts";

/**
 * The hashes of entries, in any order, fastest if they are given in ascending order of their places. Throws what
 * `ZipContents` throws. Takes little memory beyond the names. While small entries are hashed, others are unpacked beside
 * it, on another core if there is one.
 */
export async function hashEntries(
  contents: ZipContents,
  entries: Iterable<LocatedEntry>,
): Promise<readonly RawHashedFile[]> {
  const files: RawHashedFile[] = [];
  const hashOne = async (located: LocatedEntry): Promise<void> => {
    const sha256 = await contents.sha256(located);
    files.push({ rawName: located.entry.rawName, sha256 });
  };
  const hashBatch = async ({ batch, unpacked }: Running): Promise<void> => {
    const content = await unpacked;
    if (content === undefined) for (const located of batch.entries) await hashOne(located);
    else files.push(...hashParts(batch, content));
  };
  let batch = new EntryBatch();
  const running: Running[] = [];
  const turnOver = async (mostAhead: number): Promise<void> => {
    if (batch.entries.length > 0) running.push({ batch, unpacked: batch.content() });
    batch = new EntryBatch();
    for (const oldest of running.splice(0, running.length - mostAhead)) await hashBatch(oldest);
  };
  for (const located of entries) {
    if (EntryBatch.isFor(located)) batch.add(located, contents);
    else await hashOne(located);
    if (!batch.hasRoom) await turnOver(1);
  }
  await turnOver(0);
  return files;
}

interface Running {
  readonly batch: EntryBatch;
  readonly unpacked: Promise<Buffer | undefined>;
}

function hashParts({ entries }: EntryBatch, content: Buffer): readonly RawHashedFile[] {
  let at = 0;
  const files = entries.map(({ entry: { rawName, uncompressedSize } }) => {
    const part = content.subarray(at, at + uncompressedSize);
    at += uncompressedSize;
    return { rawName, sha256: hash("sha256", part, "hex") };
  });
  release(content);
  return files;
}
