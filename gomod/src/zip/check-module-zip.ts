// Whether a zip is a module version that the go command will take.
import { hashRawFiles } from "../directory-hash.ts";
import { foldKey } from "../fold.ts";
import { InvalidText } from "../invalid-text.ts";
import { checkModuleVersion, type ModuleVersion } from "../module-version.ts";
import { pathProblem } from "../path-element.ts";
import { parseVersion } from "../version.ts";
import type { ByteSource } from "./byte-source.ts";
import { DigestedSource } from "./digested-source.ts";
import { hashEntries } from "./entry-hashes.ts";
import { maxPaths, maxZipBytes, rootFileLimits } from "./module-zip-limits.ts";
import { OneReading } from "./one-reading.ts";
import { PathCollisions } from "./path-collisions.ts";
import { entryName, faultyEntry, inOrderOfPlace, isDirectory, ZipContents } from "./zip-content.ts";
import { readZipDirectory, type ZipDirectory, type ZipEntry } from "./zip-directory.ts";

/** What a sound module zip says. */
export interface CheckedModuleZip {
  /** The `h1:` hash of go.sum. */
  readonly hash: string;
  /** The SHA-256 of the archive's own bytes, in hexadecimal. */
  readonly digest: string;
  /** The go.mod in the root, unless the module has none. */
  readonly goMod: Uint8Array | undefined;
  /** How many files it has; directory entries do not count. */
  readonly files: number;
  /** Of all files together, in bytes. */
  readonly uncompressedSize: number;
}

/**
 * Reads a whole zip and checks every rule of module zips, its checksums and its true sizes. Throws `InvalidText` of kind
 * `module zip` with a broken rule and the entry that breaks it. Takes little memory beyond the names of the entries and
 * the go.mod, and blocks for as long as the smaller entries take: for worker threads.
 *
 * Whatever golang.org/x/mod/zip.Unzip or dirhash.HashZip refuses is refused. Refused are also archives that could be
 * read in two ways (`OneReading`), those with an unreadable entry for a directory that Go passes over because another
 * one of the same name follows, and those with more than a million files and directories.
 */
export async function checkModuleZip(
  source: ByteSource,
  module: ModuleVersion,
): Promise<CheckedModuleZip> {
  checkModuleVersion(module.path, parseVersion(module.version));
  const name = `${module.path}@${module.version}`;
  if (source.size > maxZipBytes) {
    throw new InvalidText("module zip", name, `it is larger than ${maxZipBytes} bytes`);
  }
  try {
    const digested = new DigestedSource(source);
    const directory = readZipDirectory(digested, maxPaths);
    const listing = checkEntries(directory.entries, `${name}/`);
    const contents = await checkContents(digested, directory, `${name}/go.mod`);
    return { ...listing, ...contents, digest: digested.digest() };
  } catch (failure) {
    if (!(failure instanceof InvalidText)) throw failure;
    throw new InvalidText("module zip", name, failure.message);
  }
}

function checkEntries(
  entries: readonly ZipEntry[],
  prefix: string,
): Pick<CheckedModuleZip, "files" | "uncompressedSize"> {
  const collisions = new PathCollisions();
  let files = 0;
  let uncompressedSize = 0;
  for (const entry of entries) {
    const path = checkName(entry, prefix, collisions);
    if (path === undefined) continue;
    files++;
    uncompressedSize += entry.uncompressedSize;
    checkSize(entry, path, uncompressedSize);
  }
  return { files, uncompressedSize };
}

/** The path of a file in the module; `undefined` for a directory. Authority: golang.org/x/mod/zip, checkZip. */
function checkName(
  entry: ZipEntry,
  prefix: string,
  collisions: PathCollisions,
): string | undefined {
  const { rawName } = entry;
  if (!rawName.startsWith(prefix)) {
    throw faultyEntry(entry, `its name does not begin with ${prefix}`);
  }
  // Go ignores an entry for the directory that holds the whole module.
  if (rawName === prefix) return undefined;

  const isFile = !isDirectory(entry);
  const path = entryName(entry).slice(prefix.length, isFile ? undefined : -1);
  const problem =
    pathProblem(path, "file") ??
    collisions.add(path, !isFile) ??
    (isFile ? goModProblem(path) : undefined);
  if (problem !== undefined) throw faultyEntry(entry, problem);
  if (collisions.size > maxPaths) {
    throw faultyEntry(entry, `with it there are more than ${maxPaths} files and directories`);
  }
  return isFile ? path : undefined;
}

function goModProblem(path: string): string | undefined {
  if (path === "go.mod") return undefined;
  if (foldKey(path.slice(path.lastIndexOf("/") + 1)) !== "go.mod") return undefined;
  return path.includes("/") ? "a go.mod lies only in the root" : "go.mod is spelled in lower case";
}

function checkSize(entry: ZipEntry, path: string, total: number): void {
  if (total > maxZipBytes) {
    throw faultyEntry(entry, `with it the module unpacks to more than ${maxZipBytes} bytes`);
  }
  const limit = rootFileLimits.get(path);
  if (limit !== undefined && entry.uncompressedSize > limit) {
    throw faultyEntry(entry, `it is larger than ${limit} bytes`);
  }
}

async function checkContents(
  source: ByteSource,
  directory: ZipDirectory,
  goModName: string,
): Promise<Pick<CheckedModuleZip, "hash" | "goMod">> {
  const contents = new ZipContents(source);
  const reading = new OneReading(directory.offset);
  const located = inOrderOfPlace(directory.entries)
    .values()
    .map((entry) => {
      const found = contents.locate(entry);
      reading.check(found);
      return found;
    });
  const files = await hashEntries(contents, located);
  const entry = directory.entries.find(({ rawName }) => rawName === goModName);
  // A copy, for what was read may be a small part of a large buffer.
  const goMod = entry && new Uint8Array(await contents.read(contents.locate(entry)));
  return { hash: hashRawFiles(files), goMod };
}
