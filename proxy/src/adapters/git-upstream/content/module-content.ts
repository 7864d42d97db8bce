// The files that make up a module in a commit, as the go command would put them into a zip.
import {
  type ModuleFile,
  type PackedContent,
  type PackMemory,
  type ReadableModuleFile,
  selectModuleFiles,
} from "@stoa/gomod/zip";
import { ProxyFailure } from "../../../domain/proxy-failure.ts";
import type { ModuleDirectory } from "../../../domain/repository/module-directory.ts";
import type { Commit } from "../../../domain/repository/repository-view.ts";
import { DamagedRepository } from "../git/bare-repository.ts";
import type { Git } from "../git/git-process.ts";
import type { MirrorView } from "../mirror/mirror-view.ts";
import { KeptContent } from "./kept-content.ts";
import { type ListedFile, listFiles } from "./listed-files.ts";
import { type RootedFile, spoolCommit, spoolSome } from "./module-archive.ts";
import type { PackedFiles } from "./packed-files.ts";
import { SpooledFiles, type SpooledPlace } from "./spooled-files.ts";

export interface ModuleContentParts {
  readonly git: Git;
  readonly view: MirrorView;
  readonly commit: Commit;
  readonly directory: ModuleDirectory;
  readonly packed: PackedFiles;
  /** For files that go with the content. */
  readonly scratch: string;
}

/** A module's files. Disposing of it removes what lies on disk of them. */
export interface ModuleContent extends AsyncDisposable {
  /**
   * Everything below the module's directory but submodules; what does not belong to the module is not readable. To be
   * read in this order, each once (the go.mod more often); throws `DamagedRepository`.
   */
  readonly files: readonly ReadableModuleFile[];
  readonly memory: PackMemory;
}

/**
 * Takes a module out of a commit: what belongs to it is fetched, and nothing else. Where git may have it
 * converted, or refuse it, `git archive` hands it out; otherwise it is read as it is kept. Rejects with `invalid_module` if the files are
 * no module. Memory grows with the number of files, not with their content. Authority: cmd/go modfetch.codeRepo.Zip.
 */
export async function readModuleContent(parts: ModuleContentParts): Promise<ModuleContent> {
  const listed = await listModule(parts);
  const kept = selectFiles(listed, parts.directory);
  const license = await inheritedLicense(parts, listed);
  const needed = await neededFiles(parts, listed, kept);
  const known = parts.packed.known(
    parts.view.url,
    needed.map(({ hash }) => hash),
  );
  const unknown = needed.filter(({ hash, rawPath }) => !known.has(hash) || isAttributes(rawPath));
  const sizes = await fetchedSizes(parts, unknown);
  if (await isForArchive(parts, listed, needed)) {
    await fetchedSizes(parts, needed);
    const archived = await archivedContent(parts, { listed, kept, needed });
    return { ...archived, files: [...archived.files, ...license] };
  }
  const content = await keptContent(parts, { listed, kept, sizes, known });
  return { ...content, files: [...content.files, ...license] };
}

async function listModule({
  view,
  commit,
  directory,
}: ModuleContentParts): Promise<readonly ListedFile[]> {
  const entry = await view.entry(commit, directory.path);
  return entry?.kind === "directory" ? listFiles(view, entry.hash) : [];
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
  const mayBeVendored = listed.some(({ path }) => path.includes("vendor/"));
  const rules = mayBeVendored ? [goMod, undefined] : [goMod];
  const selections = rules.map((text) => selectModuleFiles(candidates, text));
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
    .filter((file) => kept.has(file) || isAttributes(file.rawPath))
    .map((file) => ({ ...file, rawPath: Buffer.concat([prefix, file.rawPath]) }));
  return [...(await attributesAbove(parts)), ...below];
}

function isAttributes(rawPath: Buffer): boolean {
  return /(?:^|\/)\.gitattributes$/.test(rawPath.toString("latin1"));
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

/** The sizes of files by their hashes, once all of them are here. */
async function fetchedSizes(
  { view }: ModuleContentParts,
  files: readonly RootedFile[],
): Promise<ReadonlyMap<string, number>> {
  const { mirror, sight } = view;
  const hashes = [...new Set(files.map(({ hash }) => hash))];
  const sizes = new Map<string, number>();
  const look = (wanted: readonly string[]): Promise<readonly (string | undefined)[]> =>
    Promise.all(
      wanted.map(async (hash) => {
        const head = await mirror.repository.objectHead(hash);
        if (head === undefined) return hash;
        sizes.set(hash, head.size);
        return undefined;
      }),
    );
  const missing = (await look(hashes)).filter((hash) => hash !== undefined);
  if (missing.length === 0) return sizes;
  await mirror.fetchObjects(missing, sight.reach, sight.signal);
  const [lost] = (await look(missing)).filter((hash) => hash !== undefined);
  if (lost !== undefined) throw new DamagedRepository(`${lost} is missing`);
  return sizes;
}

/**
 * The attributes that change what is handed out, as they are written; `text`, `eol=lf`, filters without a driver and the
 * rest change nothing on the way out. Authority: git's convert.c, convert_to_working_tree; git-scm.com/docs/gitattributes.
 */
const converting = /eol=crlf|ident|encoding/;

/**
 * Names that git may refuse to hand out, on some systems or on all: that is for git to say. Authority: git's
 * read-cache.c, verify_path and verify_dotfile; path.c, is_ntfs_dotgit; utf8.c, is_hfs_dotgit.
 */
function isQuestionable({ rawPath }: ListedFile): boolean {
  const path = rawPath.toString("latin1");
  if (/[\\~]/.test(path)) return true;
  const ascii = path.replace(/[\x80-\xff]+/g, "");
  return /(?:^|\/)(?:\.{0,2}|\.git[ .]*(?::[^/]*)?|\.gitmodules[^/]*)(?:$|\/)/i.test(ascii);
}

/** Whether git has a say in what is handed out: a name that it may refuse, or an attribute that may convert a file. */
async function isForArchive(
  { view }: ModuleContentParts,
  listed: readonly ListedFile[],
  needed: readonly RootedFile[],
): Promise<boolean> {
  if (listed.some(isQuestionable)) return true;
  const hashes = new Set(
    needed.filter(({ rawPath }) => isAttributes(rawPath)).map(({ hash }) => hash),
  );
  const found = await Promise.all(
    [...hashes].map(async (hash) => (await view.mirror.repository.object(hash))?.content),
  );
  return found.some((content) => content === undefined || converting.test(content.toString()));
}

/** What git has converted, in a spool. */
async function archivedContent(
  parts: ModuleContentParts,
  files: {
    readonly listed: readonly ListedFile[];
    readonly kept: ReadonlySet<ListedFile>;
    readonly needed: readonly RootedFile[];
  },
): Promise<ModuleContent> {
  const { listed, kept, needed } = files;
  const spool = new SpooledFiles(parts.scratch);
  try {
    const archive = { ...parts, directory: parts.directory.path, spool };
    // Files that do not belong to the module need not be here, and would be handed out for nothing.
    const places = await (kept.size === listed.length && kept.size > 0
      ? spoolCommit(archive, parts.commit.hash)
      : spoolSome(archive, needed));
    return {
      files: listed.map((file) => spooled(file, places, spool)),
      memory: { find: () => undefined, keep: () => undefined },
      [Symbol.asyncDispose]: () => spool[Symbol.asyncDispose](),
    };
  } catch (failure) {
    await spool[Symbol.asyncDispose]();
    throw failure;
  }
}

function spooled(
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

/** What the repository keeps, read when it is wanted, unless it is known in its packed form. */
async function keptContent(
  { view, directory, packed }: ModuleContentParts,
  {
    listed,
    kept,
    sizes,
    known,
  }: {
    readonly listed: readonly ListedFile[];
    readonly kept: ReadonlySet<ListedFile>;
    readonly sizes: ReadonlyMap<string, number>;
    readonly known: ReadonlyMap<string, PackedContent>;
  },
): Promise<ModuleContent> {
  const { goMod } = directory;
  const { repository } = view.mirror;
  const sizeOf = ({ hash }: ListedFile) => known.get(hash)?.sizeBytes ?? sizes.get(hash) ?? 0;
  const wanted = [...kept].filter(({ path, hash }) => path !== "go.mod" && !known.has(hash));
  const content = new KeptContent(
    {
      object: (hash) => repository.object(hash),
      stream: (hash) => repository.stream(hash, view.sight.signal),
    },
    wanted.map((file) => ({ path: file.path, hash: file.hash, sizeBytes: sizeOf(file) })),
  );
  await content.begin(); // a mirror that cannot be read is found out before anything is handed out
  const hashes = new Map([...kept].map(({ path, hash }) => [path, hash]));
  return {
    files: listed.map((file) => ({
      ...toModuleFile(file),
      sizeBytes: sizeOf(file),
      read: () =>
        file.path === "go.mod" && goMod !== undefined ? [goMod] : content.read(file.path),
    })),
    memory: {
      find: ({ path }) => known.get(hashes.get(path) ?? ""),
      keep: ({ path }, content) => {
        const hash = hashes.get(path);
        if (hash !== undefined) packed.keep(view.url, hash, content);
      },
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
