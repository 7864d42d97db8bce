// The bytes of a blob on their way.
import { createHash } from "node:crypto";
import { BlobFailure } from "./blob-failure.ts";
import type { BlobBody } from "./blob-store.ts";

/** The pieces of a body. If they turn out not to have `sha256`, the last step fails with `damaged`. */
export async function* bodyPieces(
  body: BlobBody,
  sha256?: string,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const hash = sha256 === undefined ? undefined : createHash("sha256");
  for await (const piece of body instanceof Uint8Array ? [body] : body) {
    signal?.throwIfAborted();
    hash?.update(piece);
    if (piece.length > 0) yield piece;
  }
  if (hash !== undefined) requireDigest(hash.digest("hex"), sha256);
}

/** Throws `damaged` if bytes at hand do not have `sha256`. */
export function requireSha256(bytes: Uint8Array, sha256: string | undefined): void {
  if (sha256 !== undefined) requireDigest(createHash("sha256").update(bytes).digest("hex"), sha256);
}

/** All bytes in one piece: for what is known to be small. */
export async function collected(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return all.length === 1 && all[0] !== undefined ? all[0] : Buffer.concat(all);
}

function requireDigest(actual: string, announced: string | undefined): void {
  if (actual === announced) return;
  throw new BlobFailure(
    "damaged",
    `the bytes have the SHA-256 ${actual} and not ${announced}: nothing was kept`,
  );
}

/** The pieces put together to parts of just this size; the last one is smaller, and never empty unless it is the only one. */
export async function* inParts(
  pieces: AsyncIterable<Uint8Array>,
  partBytes: number,
): AsyncGenerator<Buffer> {
  let part = Buffer.allocUnsafe(partBytes);
  let filled = 0;
  let isFirst = true;
  for await (const piece of pieces) {
    for (let from = 0; from < piece.length; ) {
      if (filled === partBytes) {
        yield part;
        isFirst = false;
        part = Buffer.allocUnsafe(partBytes);
        filled = 0;
      }
      const some = piece.subarray(from, from + partBytes - filled);
      part.set(some, filled);
      filled += some.length;
      from += some.length;
    }
  }
  if (filled > 0 || isFirst) yield part.subarray(0, filled);
}
