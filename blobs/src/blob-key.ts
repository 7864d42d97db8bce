// What may name a blob, and the order of such names.
import { BlobFailure } from "./blob-failure.ts";

const longestBytes = 1024;

/** Throws `bad_key` unless the text is a key; see `BlobStore`. */
export function checkBlobKey(key: string): void {
  const isKey =
    Buffer.byteLength(key) <= longestBytes &&
    key.isWellFormed() &&
    !key.includes("\0") &&
    key.split("/").every((part) => part !== "" && part !== "." && part !== "..");
  if (!isKey) throw new BlobFailure("bad_key", `${JSON.stringify(key)} cannot name a blob`);
}

/** Negative if `a` comes before `b`: byte by byte, as UTF-8. */
export function compareBlobKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
