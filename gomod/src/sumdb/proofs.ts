// Proofs that a record is in a tree and that an older tree is the beginning of a newer one (RFC 6962, section 2.1).

import {
  type HashReader,
  isSameHash,
  joinSubtrees,
  nodeHash,
  powerBelow,
  subtreeIndexes,
} from "./tree-hash.ts";
import type { TreeHead } from "./tree-head.ts";

/** Hashes from the leaf, or from the older tree's edge, towards the root. */
export type Proof = readonly Uint8Array[];

/**
 * Whether the proof shows that record number `id`, whose leaf is given, is in the tree. Throws a `RangeError` if the tree
 * has no such record. Authority: golang.org/x/mod/sumdb/tlog.CheckRecord.
 */
export function provesRecord(proof: Proof, tree: TreeHead, id: number, leaf: Uint8Array): boolean {
  requireWithin(id >= 0 && id < tree.size, `there is no record ${id} in ${tree.size}`);
  const root = rootFromLeaf(proof, { low: 0, high: tree.size }, id, leaf);
  return root !== undefined && isSameHash(root, tree.hash);
}

/**
 * Whether the proof shows that `older` is the beginning of `newer`. Throws a `RangeError` if one is empty or the older is
 * larger. Authority: golang.org/x/mod/sumdb/tlog.CheckTree.
 */
export function provesTree(proof: Proof, newer: TreeHead, older: TreeHead): boolean {
  requireWithin(older.size >= 1 && older.size <= newer.size, `${older.size} of ${newer.size}`);
  const roots = rootsFromOlder(proof, { low: 0, high: newer.size }, older);
  return (
    roots !== undefined &&
    isSameHash(roots.newer, newer.hash) &&
    isSameHash(roots.older, older.hash)
  );
}

/** Makes what `provesRecord` takes. Authority: golang.org/x/mod/sumdb/tlog.ProveRecord. */
export async function proveRecord(size: number, id: number, reader: HashReader): Promise<Proof> {
  requireWithin(id >= 0 && id < size, `there is no record ${id} in ${size}`);
  return readProof(siblingsOfLeaf({ low: 0, high: size }, id), reader);
}

/** Makes what `provesTree` takes. Authority: golang.org/x/mod/sumdb/tlog.ProveTree. */
export async function proveTree(size: number, older: number, reader: HashReader): Promise<Proof> {
  requireWithin(older >= 1 && older <= size, `${older} of ${size}`);
  return readProof(siblingsOfOlder({ low: 0, high: size }, older), reader);
}

/** The records from `low` to below `high`. */
interface Span {
  readonly low: number;
  readonly high: number;
}

function halves({ low, high }: Span): { readonly left: Span; readonly right: Span } {
  const middle = low + powerBelow(high - low).power;
  return { left: { low, high: middle }, right: { low: middle, high } };
}

function rootFromLeaf(
  proof: Proof,
  span: Span,
  id: number,
  leaf: Uint8Array,
): Uint8Array | undefined {
  const rest = proof.slice(0, -1);
  const sibling = proof.at(-1);
  if (span.low + 1 === span.high) return sibling === undefined ? leaf : undefined;
  if (sibling === undefined) return undefined;
  const { left, right } = halves(span);
  const isLeft = id < left.high;
  const own = rootFromLeaf(rest, isLeft ? left : right, id, leaf);
  if (own === undefined) return undefined;
  return isLeft ? nodeHash(own, sibling) : nodeHash(sibling, own);
}

function rootsFromOlder(
  proof: Proof,
  span: Span,
  older: TreeHead,
): { readonly older: Uint8Array; readonly newer: Uint8Array } | undefined {
  const rest = proof.slice(0, -1);
  const sibling = proof.at(-1);
  if (older.size === span.high) {
    const same = span.low === 0 ? older.hash : sibling;
    const expected = span.low === 0 ? 0 : 1;
    if (same === undefined || proof.length !== expected) return undefined;
    return { older: same, newer: same };
  }
  if (sibling === undefined) return undefined;
  const { left, right } = halves(span);
  const isLeft = older.size <= left.high;
  const below = rootsFromOlder(rest, isLeft ? left : right, older);
  if (below === undefined) return undefined;
  return isLeft
    ? { older: below.older, newer: nodeHash(below.newer, sibling) }
    : { older: nodeHash(sibling, below.older), newer: nodeHash(sibling, below.newer) };
}

function siblingsOfLeaf(span: Span, id: number): readonly Span[] {
  if (span.low + 1 === span.high) return [];
  const { left, right } = halves(span);
  return id < left.high
    ? [...siblingsOfLeaf(left, id), right]
    : [...siblingsOfLeaf(right, id), left];
}

function siblingsOfOlder(span: Span, older: number): readonly Span[] {
  if (older === span.high) return span.low === 0 ? [] : [span];
  const { left, right } = halves(span);
  return older <= left.high
    ? [...siblingsOfOlder(left, older), right]
    : [...siblingsOfOlder(right, older), left];
}

/** Reads all at once and joins each span's subtrees. */
async function readProof(spans: readonly Span[], reader: HashReader): Promise<Proof> {
  const parts = spans.map(({ low, high }) => subtreeIndexes(low, high));
  const hashes = parts.length === 0 ? [] : await reader.readHashes(parts.flat());
  let from = 0;
  return parts.map((indexes) => {
    const part = hashes.slice(from, from + indexes.length);
    from += indexes.length;
    return joinSubtrees(part);
  });
}

function requireWithin(holds: boolean, what: string): void {
  if (!holds) throw new RangeError(`no proof is possible: ${what}`);
}
