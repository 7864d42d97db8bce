// The files that make up a module in a commit, as the go command would put them into a zip.
import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  type ModuleFile,
  maxZipBytes,
  type ReadableModuleFile,
  selectModuleFiles,
} from "@stoa/gomod/zip";
import { ProxyFailure } from "../../domain/proxy-failure.ts";
import type { ModuleDirectory } from "../../domain/repository/module-directory.ts";
import type { Commit } from "../../domain/repository/repository-view.ts";
import { type BareRepository, DamagedRepository, localFailure } from "./bare-repository.ts";
import { lastWords } from "./git-complaint.ts";
import { type Git, GitFailure } from "./git-process.ts";
import type { MirrorView } from "./mirror-view.ts";
import { SpooledFiles, type SpooledPlace } from "./spooled-files.ts";
import { BrokenArchive, tarFiles } from "./tar-files.ts";
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

/** How git turns what it keeps into what it hands out; the go command's choice (cmd/go codehost.gitRepo.ReadZip). */
const conversion = ["-c", "core.autocrlf=input", "-c", "core.eol=lf"];
const deadlines = { silenceMs: 120_000, totalMs: 600_000 };

/**
 * Takes a module out of a commit: what belongs to it is fetched, and nothing else; `git archive` applies what
 * .gitattributes says. Rejects with `invalid_module` if the files are no module. Memory grows with the number of files,
 * not with their content. Authority: cmd/go modfetch.codeRepo.Zip.
 */
export async function readModuleContent(parts: ModuleContentParts): Promise<ModuleContent> {
  const listed = await listFiles(parts);
  const selection = selectFiles(listed, parts.directory);
  const license = await inheritedLicense(parts, listed);
  const around = await attributesAround(parts);
  await fetchMissing(parts, [
    ...selection.keep.map(({ hash }) => hash),
    ...listed.filter(isAttributes).map(({ hash }) => hash),
    ...around.map(({ hash }) => hash),
  ]);
  const spool = await SpooledFiles.create(parts.scratch);
  try {
    const places = await archive(parts, { listed, kept: selection.keep, around }, spool);
    return {
      files: [...listed.map((file) => readable(file, places, spool)), ...license],
      [Symbol.asyncDispose]: () => spool[Symbol.asyncDispose](),
    };
  } catch (failure) {
    await spool[Symbol.asyncDispose]();
    throw failure;
  }
}

/** A file in the repository: its path counts from there. */
interface RootedFile {
  readonly mode: string;
  readonly hash: string;
  readonly rawPath: Buffer;
}

async function listFiles({
  view,
  commit,
  directory,
}: ModuleContentParts): Promise<readonly ListedFile[]> {
  const entry = await view.entry(commit, directory.path);
  if (entry?.kind !== "directory") return [];
  const { mirror, sight } = view;
  // Brings the directories here if they are not.
  await mirror.object(entry.hash, sight.reach, sight.signal);
  const output = await mirror.repository.run(
    ["ls-tree", "-r", "-z", "--full-tree", entry.hash],
    sight.signal,
  );
  return parseTreeListing(output).filter(({ kind }) => kind !== "submodule");
}

interface SelectedFiles {
  readonly keep: readonly ListedFile[];
}

/**
 * What may belong to the module. Which rule holds for vendored packages is decided by the go.mod as it is handed out,
 * which .gitattributes may make unreadable; so what either rule keeps is kept here.
 */
function selectFiles(listed: readonly ListedFile[], directory: ModuleDirectory): SelectedFiles {
  const candidates = listed.map((file) => ({ ...toModuleFile(file), listed: file }));
  const byGoMod = selectModuleFiles(candidates, directory.goMod);
  const without = directory.goMod && selectModuleFiles(candidates, undefined);
  const [fault] = byGoMod.invalid;
  if (fault !== undefined && (without === undefined || without.invalid.length > 0)) {
    throw new ProxyFailure(
      "invalid_module",
      `it cannot be a module: ${fault.path}: ${fault.reason}`,
    );
  }
  const kept = new Set([...byGoMod.keep, ...(without?.keep ?? [])].map((file) => file.listed));
  return { keep: listed.filter((file) => kept.has(file)) };
}

function toModuleFile({ path, kind }: ListedFile): ModuleFile {
  return { path, kind: kind === "link" ? "symlink" : "regular", sizeBytes: 0 };
}

function isAttributes({ path }: ListedFile): boolean {
  return path === ".gitattributes" || path.endsWith("/.gitattributes");
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

/** The .gitattributes of the directories above the module: they count for its files too. */
async function attributesAround({
  view,
  commit,
  directory,
}: ModuleContentParts): Promise<readonly RootedFile[]> {
  const names = directory.path.split("/").filter((name) => name !== "");
  const above = names.map((_name, index) => names.slice(0, index).join("/"));
  const found = await Promise.all(
    above.map(async (folder) => {
      const path = folder === "" ? ".gitattributes" : `${folder}/.gitattributes`;
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
  hashes: readonly string[],
): Promise<void> {
  const { mirror, sight } = view;
  const input = hashes.map((hash) => `${hash}\n`).join("");
  const output = await mirror.repository.run(
    ["cat-file", "--batch-check", "--buffer"],
    sight.signal,
    input,
  );
  const missing = [...output.toString("latin1").matchAll(/^([0-9a-f]+) missing$/gm)];
  await mirror.fetchObjects(
    missing.map(([, hash = ""]) => hash),
    sight.reach,
    sight.signal,
  );
}

interface ArchiveChoice {
  readonly listed: readonly ListedFile[];
  readonly kept: readonly ListedFile[];
  readonly around: readonly RootedFile[];
}

/** Where the content of each kept file lies in the spool, by its path. */
async function archive(
  parts: ModuleContentParts,
  choice: ArchiveChoice,
  spool: SpooledFiles,
): Promise<ReadonlyMap<string, SpooledPlace>> {
  if (choice.kept.length === 0) return new Map();
  const { directory, commit, view } = parts;
  if (choice.kept.length === choice.listed.length) {
    return spoolArchive(
      parts,
      { tree: commit.hash, env: view.mirror.repository.environment },
      spool,
    );
  }
  // Files that do not belong to the module need not be here, and would be handed out for nothing.
  const scratch = join(parts.scratch, randomUUID());
  try {
    const env = scratchEnvironment(view.mirror.repository, scratch);
    await mkdir(join(scratch, "objects"), { recursive: true });
    const attributes = choice.listed.filter(
      (file) => isAttributes(file) && !choice.kept.includes(file),
    );
    const below = [...choice.kept, ...attributes].map((file) => rooted(file, directory.path));
    const tree = await writeTree(parts, [...choice.around, ...below], env);
    return await spoolArchive(parts, { tree, env }, spool);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function rooted({ mode, hash, rawPath }: ListedFile, directory: string): RootedFile {
  const prefix = directory === "" ? "" : `${directory}/`;
  return { mode, hash, rawPath: Buffer.concat([Buffer.from(prefix), rawPath]) };
}

/** New objects go where they are removed with everything else. */
function scratchEnvironment(
  repository: BareRepository<unknown>,
  scratch: string,
): Readonly<Record<string, string>> {
  return {
    ...repository.environment,
    GIT_INDEX_FILE: join(scratch, "index"),
    GIT_OBJECT_DIRECTORY: join(scratch, "objects"),
    GIT_ALTERNATE_OBJECT_DIRECTORIES: join(repository.folder, "objects"),
  };
}

/** A directory of just these files. */
async function writeTree(
  { git, view }: ModuleContentParts,
  files: readonly RootedFile[],
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const lines = files.map(({ mode, hash, rawPath }) =>
    Buffer.concat([Buffer.from(`${mode} ${hash}\t`), rawPath, Buffer.alloc(1)]),
  );
  const { signal } = view.sight;
  const update = ["update-index", "-z", "--index-info"];
  try {
    await git.run({ args: update, env, deadlines, input: Buffer.concat(lines) }, signal);
    const output = await git.run({ args: ["write-tree"], env, deadlines }, signal);
    return output.toString().trim();
  } catch (failure) {
    throw localFailure(failure);
  }
}

async function spoolArchive(
  { git, view, directory }: ModuleContentParts,
  source: { readonly tree: string; readonly env: Readonly<Record<string, string>> },
  spool: SpooledFiles,
): Promise<ReadonlyMap<string, SpooledPlace>> {
  const paths = directory.path === "" ? [] : [directory.path];
  const args = [
    ...conversion,
    "archive",
    "--format=tar",
    "--end-of-options",
    source.tree,
    ...paths,
  ];
  const running = git.start({ args, env: source.env, deadlines }, view.sight.signal);
  const prefix = directory.path === "" ? "" : `${directory.path}/`;
  try {
    const places = await spoolFiles(running.stdout, prefix.length, spool);
    await running.ended;
    return places;
  } catch (failure) {
    // What git says about an archive that ends early is more than that it does.
    if (!(failure instanceof BrokenArchive)) running.stop(failure);
    await running.ended.catch((reason) => {
      throw archiveFailure(reason);
    });
    throw new DamagedRepository("an archive cannot be read", { cause: failure });
  }
}

async function spoolFiles(
  output: AsyncIterable<Buffer>,
  prefixLength: number,
  spool: SpooledFiles,
): Promise<ReadonlyMap<string, SpooledPlace>> {
  const places = new Map<string, SpooledPlace>();
  for await (const { path, sizeBytes, bytes } of tarFiles(output)) {
    const name = path.slice(prefixLength);
    if (!places.has(name)) {
      if (spool.size + sizeBytes > maxZipBytes) throw tooLarge();
      places.set(name, { position: spool.size, sizeBytes });
    }
    await spool.append(bytes);
  }
  return places;
}

function tooLarge(): ProxyFailure {
  return new ProxyFailure(
    "invalid_module",
    `its files add up to more than the ${maxZipBytes / 2 ** 20} MiB that a module may have`,
  );
}

/** An archive can fail because of the mirror, or because of what .gitattributes wants. */
function archiveFailure(failure: unknown): unknown {
  if (!(failure instanceof GitFailure) || failure.kind !== "ended") return localFailure(failure);
  if (/unable to read|corrupt|missing|bad object|not a git repository/i.test(failure.complaint)) {
    return new DamagedRepository(failure.complaint, { cause: failure });
  }
  const message = `git cannot take its files out of the repository: ${lastWords(failure)}`;
  return new ProxyFailure("invalid_module", message, { cause: failure });
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
