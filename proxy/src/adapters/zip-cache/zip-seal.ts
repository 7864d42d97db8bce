// What stands behind the bytes of a cached zip and says whether they are all there, and the right ones.
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";

/** What a zip was when it was cached. */
export interface ZipSeal {
  /** In bytes, without the seal. */
  readonly size: number;
  readonly modifiedMs: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
}

/** Every seal has this length. Tools that read zips overlook it. */
export const sealBytes = 128;

const blockBytes = 1 << 20;

/** `stoa-zip 1 SIZE MODIFIED SHA256`, filled up with blanks, between two line ends. */
export function sealText({ size, modifiedMs, sha256 }: ZipSeal): Buffer {
  const text = `\nstoa-zip 1 ${size} ${modifiedMs} ${sha256}`;
  return Buffer.from(`${text.padEnd(sealBytes - 1)}\n`, "latin1");
}

/** Reads the seal of an open file of `fileBytes` bytes; `undefined` if it has none, or one of another length. */
export async function readSeal(file: FileHandle, fileBytes: number): Promise<ZipSeal | undefined> {
  const end = Buffer.alloc(sealBytes);
  if (fileBytes < sealBytes) return undefined;
  await file.read(end, 0, sealBytes, fileBytes - sealBytes);
  const [, size, modifiedMs, sha256 = ""] =
    /^\nstoa-zip 1 (\d+) (\d+) ([0-9a-f]{64}) *\n$/.exec(end.toString("latin1")) ?? [];
  const seal = { size: Number(size), modifiedMs: Number(modifiedMs), sha256 };
  return seal.size === fileBytes - sealBytes ? seal : undefined;
}

/** Reads the whole file to see whether its bytes are those of the seal. */
export async function isUnbroken(file: FileHandle, seal: ZipSeal): Promise<boolean> {
  const hash = createHash("sha256");
  const block = Buffer.allocUnsafe(Math.min(blockBytes, Math.max(1, seal.size)));
  for (let position = 0; position < seal.size; ) {
    const wanted = Math.min(block.length, seal.size - position);
    const { bytesRead } = await file.read(block, 0, wanted, position);
    if (bytesRead === 0) return false;
    hash.update(block.subarray(0, bytesRead));
    position += bytesRead;
  }
  return hash.digest("hex") === seal.sha256;
}
