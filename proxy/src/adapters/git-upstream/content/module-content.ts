// The files that make up a module in a commit, as the go command would put them into a zip.
import { type PackedContent, type PackMemory, selectModuleFiles } from "@stoa/gomod/zip";
import { ProxyFailure } from "../../../domain/proxy-failure.ts";
import type { ModuleDirectory } from "../../../domain/repository/module-directory.ts";
import type { Commit } from "../../../domain/repository/repository-view.ts";
import type { Git } from "../git/git-process.ts";
import type { MirrorView } from "../mirror/mirror-view.ts";
import { type Content, type ContentFile, RepositoryFile, SpooledFile } from "./content-files.ts";
import { attributesAbove, isAttributes, mayConvert } from "./git-conversion.ts";
import { KeptContent } from "./kept-content.ts";
import { type ListedFile, listFiles, rawPathOf } from "./listed-files.ts";
import { type RootedFile, spoolCommit, spoolSome } from "./module-archive.ts";
import { fetchedSizes } from "./object-sizes.ts";
import type { PackedFiles } from "./packed-files.ts";
import { SpooledFiles } from "./spooled-files.ts";

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
  readonly files: readonly ContentFile[];
  readonly memory: PackMemory<ContentFile>;
}

/**
 * Takes a module out of a commit: what belongs to it is fetched, and nothing else. Where git may have it
 * converted, or refuse it, `git archive` hands it out; otherwise it is read as it is kept. Rejects with `invalid_module` if the files are
 * no module. Memory grows with the number of files, by some hundred bytes for each, and not with their content.
 * Authority: cmd/go modfetch.codeRepo.Zip.
 */
export async function readModuleContent(parts: ModuleContentParts): Promise<ModuleContent> {
  const { view, commit, directory, packed } = parts;
  const listed = await listModule(parts);
  const kept = selectFiles(listed, directory);
  const license = await inheritedLicense(parts, listed);
  const above = await attributesAbove(view, commit, directory.path);
  const below = listed.filter((file) => kept.has(file) || isAttributes(file));
  const attributes = new Set([...above, ...below.filter(isAttributes)].map(({ hash }) => hash));
  const hashes = below.map(({ hash }) => hash);
  const known = packed.known(view.url, hashes);
  const unknown = hashes.filter((hash) => !known.has(hash));
  const sizes = await fetchedSizes(view, new Set([...attributes, ...unknown]));
  const selection = { listed, kept };
  let content: ModuleContent;
  if (await mayConvert(view, attributes, listed)) {
    await fetchedSizes(view, new Set(hashes));
    const needed = [...above, ...below.map((file) => rooted(file, directory.path))];
    content = await archivedContent(parts, { ...selection, needed });
  } else content = await keptContent(parts, { ...selection, sizes, known });
  return { ...content, files: [...content.files, ...license] };
}

/** Which files lie below the module's directory, and which of them may belong to the module. */
interface Selection {
  readonly listed: readonly ListedFile[];
  readonly kept: ReadonlySet<ListedFile>;
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
  const mayBeVendored = listed.some(({ path }) => path.includes("vendor/"));
  const rules = mayBeVendored ? [goMod, undefined] : [goMod];
  const selections = rules.map((text) => selectModuleFiles(listed, text));
  const [fault] = selections.map(({ invalid }) => invalid[0]);
  if (fault !== undefined && selections.every(({ invalid }) => invalid.length > 0)) {
    const message = `it cannot be a module: ${fault.path}: ${fault.reason}`;
    throw new ProxyFailure("invalid_module", message);
  }
  return new Set(selections.flatMap(({ keep }) => keep));
}

/**
 * The LICENSE of the repository for a module in a directory that has none of its own; as it is kept, not as
 * .gitattributes would have it.
 */
async function inheritedLicense(
  { view, commit, directory }: ModuleContentParts,
  listed: readonly ListedFile[],
): Promise<readonly ContentFile[]> {
  if (directory.path === "" || listed.some(({ path }) => path === "LICENSE")) return [];
  const bytes = await view.file(commit, "LICENSE");
  if (bytes === undefined) return [];
  const read = () => [bytes];
  return [{ path: "LICENSE", kind: "regular", sizeBytes: bytes.length, hash: undefined, read }];
}

function rooted(file: ListedFile, directory: string): RootedFile {
  const prefix = Buffer.from(directory === "" ? "" : `${directory}/`);
  return {
    mode: file.mode,
    hash: file.hash,
    rawPath: Buffer.concat([prefix, rawPathOf(file)]),
  };
}

/** What git has converted, in a spool. */
async function archivedContent(
  parts: ModuleContentParts,
  { listed, kept, needed }: Selection & { readonly needed: readonly RootedFile[] },
): Promise<ModuleContent> {
  const spool = new SpooledFiles(parts.scratch);
  try {
    const archive = { ...parts, directory: parts.directory.path, spool };
    // Files that do not belong to the module need not be here, and would be handed out for nothing.
    const places = await (kept.size === listed.length && kept.size > 0
      ? spoolCommit(archive, parts.commit.hash)
      : spoolSome(archive, needed));
    return {
      files: listed.map((file) => new SpooledFile(file, places.get(file.path), spool)),
      memory: { find: () => undefined, keep: () => undefined },
      [Symbol.asyncDispose]: () => spool[Symbol.asyncDispose](),
    };
  } catch (failure) {
    await spool[Symbol.asyncDispose]();
    throw failure;
  }
}

/** What the repository keeps, read when it is wanted, unless it is known in its packed form. */
async function keptContent(
  { view, directory, packed }: ModuleContentParts,
  {
    listed,
    kept,
    sizes,
    known,
  }: Selection & {
    readonly sizes: ReadonlyMap<string, number>;
    readonly known: ReadonlyMap<string, PackedContent>;
  },
): Promise<ModuleContent> {
  const { repository } = view.mirror;
  const { goMod } = directory;
  const isRootGoMod = ({ path }: RepositoryFile) => path === "go.mod" && goMod !== undefined;
  const read = (file: RepositoryFile): Content =>
    file.path === "go.mod" && goMod !== undefined ? [goMod] : content.read(file);
  const files = listed.map((file) => {
    const sizeBytes = known.get(file.hash)?.sizeBytes ?? sizes.get(file.hash) ?? 0;
    return new RepositoryFile(file, sizeBytes, read);
  });
  const wanted = files.filter(
    (file) => kept.has(file.listed) && !known.has(file.hash) && !isRootGoMod(file),
  );
  const isWorthKeeping = packed.hasRoomFor(wanted.values().map(({ sizeBytes }) => sizeBytes));
  const content = new KeptContent(
    {
      object: (hash, into) => repository.object(hash, into),
      stream: (hash) => repository.stream(hash, view.sight.signal),
    },
    wanted,
  );
  await content.begun(); // a mirror that cannot be read is found out before anything is handed out
  return {
    files,
    memory: {
      find: ({ hash }) => (hash === undefined ? undefined : known.get(hash)),
      keep: ({ hash }, content) => {
        if (hash !== undefined && isWorthKeeping) packed.keep(view.url, hash, content);
      },
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
