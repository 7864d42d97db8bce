// The files that a revision is made of, read once: their digests and sizes.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";

/** A file of the bundle and where it lies on this machine. */
export interface BundleFile {
  /** Within the bundle. */
  readonly path: string;
  readonly mode: number;
  readonly size: number;
  readonly sha256: string;
  /** On this machine. */
  readonly place: string;
}

/** Reads a file for a bundle. */
export async function readBundleFile(
  place: string,
  path: string,
  mode: number,
): Promise<BundleFile> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(place)) hash.update(chunk as Uint8Array);
  const { size } = await stat(place);
  return { path, mode, size, sha256: hash.digest("hex"), place };
}
