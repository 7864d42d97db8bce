// The files below a directory of a commit.
import { isUtf8 } from "node:buffer";
import type { ModuleFile } from "@stoa/gomod/zip";
import { ProxyFailure } from "../../../domain/proxy-failure.ts";
import type { NamedEntry } from "../git/git-objects.ts";

/**
 * A file or symbolic link. There may be a million of them, so they have little. Its size is not known from a list, which
 * says 0.
 */
export interface ListedFile extends ModuleFile {
  /** Relative to the listed directory. What is no UTF-8 has replacement characters, which no module may have. */
  readonly path: string;
  /** The path byte by byte, if it is no UTF-8. */
  readonly strangePath: Buffer | undefined;
  readonly mode: string;
  readonly hash: string;
}

/** Reads directories. */
export interface DirectorySource {
  /** The entries of a directory, in git's order, to be gone through more than once. May be asked many things at once. */
  tree(hash: string): Promise<Iterable<NamedEntry>>;
}

/**
 * What a list may take in memory, near enough: no module has so many files, but a few directories that hold one another
 * many times over may seem to.
 */
const mostListedBytes = 128 * 2 ** 20;
const bytesPerEntry = 256;
/** Each question takes some kilobytes until it is answered. */
const readAtOnce = 500;

type Trees = ReadonlyMap<string, Iterable<NamedEntry>>;

/** All files and links below a directory, in git's order; submodules are left out. */
export async function listFiles(
  source: DirectorySource,
  directory: string,
): Promise<readonly ListedFile[]> {
  return filesBelow(directory, await readTrees(source, directory));
}

/** The path byte by byte. */
export function rawPathOf({ path, strangePath }: ListedFile): Buffer {
  return strangePath ?? Buffer.from(path);
}

/** Reads a directory and all below it: each once, and many of one depth at the same time. */
async function readTrees(source: DirectorySource, directory: string): Promise<Trees> {
  const trees = new Map<string, Iterable<NamedEntry>>();
  for (let wanted: readonly string[] = [directory]; wanted.length > 0; ) {
    for (let at = 0; at < wanted.length; at += readAtOnce) {
      const asked = wanted.slice(at, at + readAtOnce);
      const read = await Promise.all(asked.map((hash) => source.tree(hash)));
      for (const [index, tree] of read.entries()) trees.set(asked[index] ?? "", tree);
    }
    wanted = directoriesIn(
      wanted.map((hash) => trees.get(hash) ?? []),
      trees,
    );
  }
  return trees;
}

/** The directories named in trees, but those that are known. */
function directoriesIn(trees: readonly Iterable<NamedEntry>[], known: Trees): readonly string[] {
  const found = new Set<string>();
  for (const tree of trees) {
    for (const { kind, hash } of tree) {
      if (kind === "directory" && !known.has(hash)) found.add(hash);
    }
  }
  return [...found];
}

function filesBelow(directory: string, trees: Trees): readonly ListedFile[] {
  const files: ListedFile[] = [];
  let listedBytes = 0;
  /** The directories that are gone through, the innermost at the end. */
  const open: { readonly entries: Iterator<NamedEntry>; readonly prefix: Buffer }[] = [];
  const enter = (hash: string, prefix: Buffer): void => {
    open.push({ entries: (trees.get(hash) ?? [])[Symbol.iterator](), prefix });
  };
  enter(directory, Buffer.alloc(0));
  for (let inner = open.at(-1); inner !== undefined; inner = open.at(-1)) {
    const { done, value: entry } = inner.entries.next();
    if (done) {
      open.pop();
      continue;
    }
    listedBytes += bytesPerEntry + inner.prefix.length;
    if (listedBytes > mostListedBytes) {
      throw new ProxyFailure("invalid_module", "its repository has far too many files");
    }
    const rawPath = Buffer.concat([inner.prefix, entry.rawName]);
    if (entry.kind === "directory") enter(entry.hash, Buffer.concat([rawPath, slash]));
    else if (entry.kind !== "submodule") files.push(listed(entry, rawPath));
  }
  return files;
}

const slash = Buffer.from("/");

function listed({ mode, kind, hash }: NamedEntry, rawPath: Buffer): ListedFile {
  const text = rawPath.toString("utf8");
  const isText = isUtf8(rawPath);
  return {
    path: isText ? text : `${text}\ufffd`,
    strangePath: isText ? undefined : rawPath,
    kind: kind === "link" ? "symlink" : "regular",
    sizeBytes: 0,
    mode,
    hash,
  };
}
