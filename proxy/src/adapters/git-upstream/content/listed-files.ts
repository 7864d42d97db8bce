// The files below a directory of a commit.
import { isUtf8 } from "node:buffer";
import { ProxyFailure } from "../../../domain/proxy-failure.ts";
import type { NamedEntry, TreeEntry } from "../git/git-objects.ts";

/** A file or symbolic link. */
export interface ListedFile {
  /** Relative to the listed directory. What is no UTF-8 has replacement characters, which no module may have. */
  readonly path: string;
  /** As it is, byte by byte. */
  readonly rawPath: Buffer;
  readonly mode: string;
  readonly kind: TreeEntry["kind"];
  readonly hash: string;
}

/** Reads directories. */
export interface DirectorySource {
  /** The entries of a directory, in git's order. May be asked many things at once. */
  tree(hash: string): Promise<readonly NamedEntry[]>;
}

/**
 * What a list may take in memory, near enough: no module has so many files, but a few directories that hold one another
 * many times over may seem to.
 */
const mostListedBytes = 256 * 2 ** 20;
const bytesPerEntry = 512;

type Trees = ReadonlyMap<string, readonly NamedEntry[]>;

/** All files and links below a directory, in git's order; submodules are left out. */
export async function listFiles(
  source: DirectorySource,
  directory: string,
): Promise<readonly ListedFile[]> {
  return filesBelow(directory, await readTrees(source, directory));
}

/** Reads a directory and all below it: each once, and all of one depth at the same time. */
async function readTrees(source: DirectorySource, directory: string): Promise<Trees> {
  const trees = new Map<string, readonly NamedEntry[]>();
  for (let wanted = [directory]; wanted.length > 0; ) {
    const read = await Promise.all(wanted.map((hash) => source.tree(hash)));
    for (const [index, hash] of wanted.entries()) trees.set(hash, read[index] ?? []);
    const below = read.flat().filter(({ kind }) => kind === "directory");
    wanted = [...new Set(below.map(({ hash }) => hash))].filter((hash) => !trees.has(hash));
  }
  return trees;
}

function filesBelow(directory: string, trees: Trees): readonly ListedFile[] {
  const files: ListedFile[] = [];
  let listedBytes = 0;
  /** What is still to be listed, the next at the end. */
  const waiting: { readonly entry: NamedEntry; readonly rawPath: Buffer }[] = [];
  const open = (hash: string, prefix: Buffer): void => {
    const entries = trees.get(hash) ?? [];
    listedBytes += entries.length * (bytesPerEntry + prefix.length);
    if (listedBytes > mostListedBytes) {
      throw new ProxyFailure("invalid_module", "its repository has far too many files");
    }
    for (const entry of entries.toReversed()) {
      const end = entry.kind === "directory" ? "/" : "";
      waiting.push({ entry, rawPath: Buffer.concat([prefix, entry.rawName, Buffer.from(end)]) });
    }
  };
  open(directory, Buffer.alloc(0));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { entry, rawPath } = next;
    if (entry.kind === "directory") open(entry.hash, rawPath);
    else if (entry.kind !== "submodule") files.push(listed(entry, rawPath));
  }
  return files;
}

function listed({ mode, kind, hash }: NamedEntry, rawPath: Buffer): ListedFile {
  const path = rawPath.toString("utf8");
  return { path: isUtf8(rawPath) ? path : `${path}\ufffd`, rawPath, mode, kind, hash };
}
