// A ready-made bundle, unpacked beside itself: every file read once, everything hostile refused.
import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { bundlePathProblem, isElf } from "@stoa/deployment";
import { wrappingFolder } from "@stoa/deployment/appspec";
import type { BundleFile } from "../delivery/file-contents.ts";
import { type ArchiveEntry, archiveEntries, headOf } from "./archive-entries.ts";

/** How much a bundle may unpack to. */
interface BundleLimits {
  readonly files: number;
  readonly bytes: number;
}

/** No bundle has more. */
const usualLimits: BundleLimits = { files: 100_000, bytes: 4 * 2 ** 30 };

/**
 * Unpacks a bundle into a folder. Throws a sentence, with nothing but that folder written, for paths that leave the bundle,
 * links, devices, names that come twice, and bundles that unpack to more than is sensible.
 */
export async function readGivenBundle(
  place: string,
  folder: string,
  most: BundleLimits = usualLimits,
): Promise<readonly BundleFile[]> {
  const files: BundleFile[] = [];
  const paths = new Set<string>();
  let unpackedBytes = 0;
  await mkdir(folder, { recursive: true });
  for await (const entry of archiveEntries(place)) {
    if (entry.kind === "folder") continue;
    checkEntry(place, entry, paths);
    paths.add(entry.path);
    if (paths.size > most.files) throw new Error(`${place} holds more than ${most.files} files`);
    const left = most.bytes - unpackedBytes;
    const file = await unpacked(entry, join(folder, String(paths.size)), left).catch((cause) => {
      if (!(cause instanceof TooLarge)) throw cause;
      throw new Error(`${place} unpacks to more than ${most.bytes} bytes`, { cause });
    });
    unpackedBytes += file.size;
    files.push(file);
  }
  if (files.length === 0) throw new Error(`${place} holds no files`);
  const wrapping = wrappingFolder([...paths]);
  return files
    .map((file) => ({ ...file, path: file.path.slice(wrapping.length) }))
    .toSorted((one, other) => (one.path < other.path ? -1 : 1));
}

function checkEntry(place: string, { path, kind }: ArchiveEntry, paths: ReadonlySet<string>): void {
  const shown = JSON.stringify(path);
  if (kind === "link") {
    throw new Error(
      `${place} holds the link ${shown}; links are not deployed: put the file itself in its place`,
    );
  }
  if (kind === "other") throw new Error(`${place} holds ${shown}, which is no plain file`);
  const problem = bundlePathProblem(path);
  if (problem !== undefined) throw new Error(`${place}: the path ${shown} ${problem}`);
  if (paths.has(path)) throw new Error(`${place} holds ${shown} twice`);
}

class TooLarge extends Error {}

/** Writes an entry under a name of its own: what the archive calls it never names a file of this machine. */
async function unpacked(entry: ArchiveEntry, place: string, left: number): Promise<BundleFile> {
  const hash = createHash("sha256");
  let size = 0;
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      hash.update(chunk);
      done(size > left ? new TooLarge() : null, chunk);
    },
  });
  await pipeline(await entry.content(), counted, createWriteStream(place, { mode: 0o600 }));
  const mode = entry.mode ?? (await usualMode(place));
  return { path: entry.path, mode, size, sha256: hash.digest("hex"), place };
}

/** What can be run may be run, where the archive says nothing. */
async function usualMode(place: string): Promise<number> {
  const head = await headOf(place, 4);
  const isScript = head[0] === 0x23 && head[1] === 0x21;
  return isScript || isElf(head) ? 0o755 : 0o644;
}
