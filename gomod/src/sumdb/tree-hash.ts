// The hash tree of a checksum database (RFC 6962, section 2.1): its arithmetic and the hashes over parts of it.
import { createHash, hash } from "node:crypto";

/** How long every hash is. */
export const hashBytes = 32;

/** Trees are not larger: all arithmetic is then exact in doubles. The largest database has some 10^8 records. */
export const mostRecords = 2 ** 50;

/** Gives hashes out of the sequence in which a tree's hashes are stored; see `storedHashIndex`. */
export interface HashReader {
  /** One hash for each index, in the same order. Rejects if one cannot be had. */
  readHashes(indexes: readonly number[]): Promise<readonly Uint8Array[]>;
}

/** The leaf that stands for a record. Authority: golang.org/x/mod/sumdb/tlog.RecordHash. */
export function recordHash(text: Uint8Array): Uint8Array {
  return createHash("sha256").update(Uint8Array.of(0)).update(text).digest();
}

/** The node above two others. Authority: golang.org/x/mod/sumdb/tlog.NodeHash. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  const both = Buffer.allocUnsafe(1 + 2 * hashBytes);
  both[0] = 1;
  both.set(left, 1);
  both.set(right, 1 + hashBytes);
  return hash("sha256", both, "buffer");
}

/** The hash of the tree without records. */
export function emptyTreeHash(): Uint8Array {
  return hash("sha256", "", "buffer");
}

/**
 * Where hash number `n` of a level is stored: level 0 are the leaves, and each node follows the last leaf below it.
 * Authority: golang.org/x/mod/sumdb/tlog.StoredHashIndex.
 */
export function storedHashIndex(level: number, n: number): number {
  // The last leaf below the node.
  let leaf = (n + 1) * 2 ** level - 1;
  let index = level;
  for (; leaf > 0; leaf = Math.floor(leaf / 2)) index += leaf;
  return index;
}

/** The reverse of `storedHashIndex`. Authority: golang.org/x/mod/sumdb/tlog.SplitStoredHashIndex. */
export function splitStoredHashIndex(index: number): {
  readonly level: number;
  readonly n: number;
} {
  let leaf = Math.floor(index / 2);
  let stored = storedHashIndex(0, leaf);
  for (;;) {
    const next = stored + 1 + trailingZeros(leaf + 1);
    if (next > index) break;
    leaf += 1;
    stored = next;
  }
  const level = index - stored;
  return { level, n: Math.floor(leaf / 2 ** level) };
}

/** How many hashes are stored for a tree of `size` records. Authority: golang.org/x/mod/sumdb/tlog.StoredHashCount. */
export function storedHashCount(size: number): number {
  return size === 0 ? 0 : storedHashIndex(0, size - 1) + 1 + trailingZeros(size);
}

/** The largest power of two below `n`, and its exponent. */
export function powerBelow(n: number): { readonly power: number; readonly level: number } {
  let level = 0;
  while (2 ** (level + 1) < n) level += 1;
  return { power: 2 ** level, level };
}

/** The whole subtrees that make up the records from `low` to below `high`, largest first, by stored index. */
export function subtreeIndexes(low: number, high: number): readonly number[] {
  const indexes: number[] = [];
  for (let from = low; from < high; ) {
    const { power, level } = powerBelow(high - from + 1);
    indexes.push(storedHashIndex(level, from / power));
    from += power;
  }
  return indexes;
}

/** The hash over the subtrees of `subtreeIndexes`. */
export function joinSubtrees(hashes: readonly Uint8Array[]): Uint8Array {
  return hashes.reduceRight((right, left) => nodeHash(left, right));
}

/** The root over the first `size` records. Authority: golang.org/x/mod/sumdb/tlog.TreeHash. */
export async function treeHash(size: number, reader: HashReader): Promise<Uint8Array> {
  if (size === 0) return emptyTreeHash();
  return joinSubtrees(await reader.readHashes(subtreeIndexes(0, size)));
}

/** Whether two hashes are the same. */
export function isSameHash(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function trailingZeros(n: number): number {
  let zeros = 0;
  for (let rest = n; rest % 2 === 0; rest /= 2) zeros += 1;
  return zeros;
}
