// The files that make up a module in a commit, as the go command would put them into a zip.
import { type ModuleFile, type ReadableModuleFile, selectModuleFiles } from "@stoa/gomod/zip";
import { ProxyFailure } from "../../../domain/proxy-failure.ts";
import type { ModuleDirectory } from "../../../domain/repository/module-directory.ts";
import type { Commit } from "../../../domain/repository/repository-view.ts";
import type { Git } from "../git/git-process.ts";
import type { MirrorView } from "../mirror/mirror-view.ts";
import { type RootedFile, spoolCommit, spoolSome } from "./module-archive.ts";
import { SpooledFiles, type SpooledPlace } from "./spooled-files.ts";
import { type ListedFile, parseTreeListing } from "./tree-listing.ts";

export interface ModuleContentParts {
  readonly git: Git;
  readonly view: MirrorView;
  readonly commit: Commit;
  readonly directory: ModuleDirectory;
  /** For files that go with the content. */
  readonly scratch: string;
}

/** A module's files, on disk. Disposing of it removes them. */
export interface ModuleContent extends AsyncDisposable {
  /** Everything below the module's directory but submodules; what does not belong to the module is not readable. */
  readonly files: readonly ReadableModuleFile[];
}

/**
 * Takes a module out of a commit: what belongs to it is fetched, and nothing else; `git archive` applies what
 * .gitattributes says. Rejects with `invalid_module` if the files are no module. Memory grows with the number of files,
 * not with their content. Authority: cmd/go modfetch.codeRepo.Zip.
 */
export async function readModuleContent(parts: ModuleContentParts): Promise<ModuleContent> {
  const listed = await listFiles(parts);
  const kept = selectFiles(listed, parts.directory);
  const license = await inheritedLicense(parts, listed);
  const needed = await neededFiles(parts, listed, kept);
  await fetchMissing(parts, needed);

  const spool = new SpooledFiles(parts.scratch);
  try {
    const archive = { ...parts, directory: parts.directory.path, spool };
    // Files that do not belong to the module need not be here, and would be handed out for nothing.
    const places = await (kept.size === listed.length && kept.size > 0
      ? spoolCommit(archive, parts.commit.hash)
      : spoolSome(archive, needed));
    return {
      files: [...listed.map((file) => readable(file, places, spool)), ...license],
      [Symbol.asyncDispose]: () => spool[Symbol.asyncDispose](),
    };
  } catch (failure) {
    await spool[Symbol.asyncDispose]();
    throw failure;
  }
}

async function listFiles(parts: ModuleContentParts): Promise<readonly ListedFile[]> {
  const { view, commit, directory } = parts;
  const { mirror, sight } = view;
  const entry = await view.entry(commit, directory.path);
  if (entry?.kind !== "directory") return [];
  await mirror.object(entry.hash, sight.reach, sight.signal); // brings the directories here
  const args = ["ls-tree", "-r", "-z", "--full-tree", entry.hash];
  const output = await mirror.repository.run(args, sight.signal);
  return parseTreeListing(output).filter(({ kind }) => kind !== "submodule");
}

/**
 * What may belong to the module. Which rule holds for vendored packages is decided by the go.mod as it is handed out,
 * which .gitattributes may make unreadable; so what either rule keeps is kept here.
 */
function selectFiles(
  listed: readonly ListedFile[],
  { goMod }: ModuleDirectory,
): ReadonlySet<ListedFile> {
  const candidates = listed.map((file) => ({ ...toModuleFile(file), listed: file }));
  const selections = [goMod, undefined].map((text) => selectModuleFiles(candidates, text));
  const [fault] = selections.map(({ invalid }) => invalid[0]);
  if (fault !== undefined && selections.every(({ invalid }) => invalid.length > 0)) {
    const message = `it cannot be a module: ${fault.path}: ${fault.reason}`;
    throw new ProxyFailure("invalid_module", message);
  }
  return new Set(selections.flatMap(({ keep }) => keep.map((file) => file.listed)));
}

function toModuleFile({ path, kind }: ListedFile): ModuleFile {
  return { path, kind: kind === "link" ? "symlink" : "regular", sizeBytes: 0 };
}

/**
 * The LICENSE of the repository for a module in a directory that has none of its own; as it is kept, not as
 * .gitattributes would have it.
 */
async function inheritedLicense(
  { view, commit, directory }: ModuleContentParts,
  listed: readonly ListedFile[],
): Promise<readonly ReadableModuleFile[]> {
  if (directory.path === "" || listed.some(({ path }) => path === "LICENSE")) return [];
  const bytes = await view.file(commit, "LICENSE");
  if (bytes === undefined) return [];
  return [{ path: "LICENSE", kind: "regular", sizeBytes: bytes.length, read: () => [bytes] }];
}

/** What is kept, and every .gitattributes that counts for it: of the directories above the module, too. */
async function neededFiles(
  parts: ModuleContentParts,
  listed: readonly ListedFile[],
  kept: ReadonlySet<ListedFile>,
): Promise<readonly RootedFile[]> {
  const directory = parts.directory.path;
  const prefix = Buffer.from(directory === "" ? "" : `${directory}/`);
  const below = listed
    .filter((file) => kept.has(file) || isAttributes(file.path))
    .map((file) => ({ ...file, rawPath: Buffer.concat([prefix, file.rawPath]) }));
  return [...(await attributesAbove(parts)), ...below];
}

function isAttributes(path: string): boolean {
  return path === ".gitattributes" || path.endsWith("/.gitattributes");
}

async function attributesAbove({
  view,
  commit,
  directory,
}: ModuleContentParts): Promise<readonly RootedFile[]> {
  const names = directory.path.split("/").filter((name) => name !== "");
  const paths = names.map((_name, index) => [...names.slice(0, index), ".gitattributes"].join("/"));
  const found = await Promise.all(
    paths.map(async (path) => {
      const entry = await view.entry(commit, path);
      if (entry?.kind !== "file" && entry?.kind !== "link") return [];
      const mode = entry.kind === "link" ? "120000" : "100644";
      return [{ mode, hash: entry.hash, rawPath: Buffer.from(path) }];
    }),
  );
  return found.flat();
}

async function fetchMissing(
  { view }: ModuleContentParts,
  files: readonly RootedFile[],
): Promise<void> {
  const { mirror, sight } = view;
  if (await mirror.isWhole()) return;
  const input = files.map(({ hash }) => `${hash}\n`).join("");
  const args = ["cat-file", "--batch-check", "--buffer"];
  const output = await mirror.repository.run(args, sight.signal, input);
  const missing = [...output.toString("latin1").matchAll(/^([0-9a-f]+) missing$/gm)];
  const hashes = missing.map(([, hash = ""]) => hash);
  await mirror.fetchObjects(hashes, sight.reach, sight.signal);
}

function readable(
  file: ListedFile,
  places: ReadonlyMap<string, SpooledPlace>,
  spool: SpooledFiles,
): ReadableModuleFile {
  const place = places.get(file.path);
  return {
    ...toModuleFile(file),
    sizeBytes: place?.sizeBytes ?? 0,
    read: () => {
      if (place === undefined) throw new Error(`${file.path} was not taken out of the repository`);
      return spool.read(place);
    },
  };
}
