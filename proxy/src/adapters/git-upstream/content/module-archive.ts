// Takes files out of a mirror as git hands them out: converted as .gitattributes says.
import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { maxZipBytes } from "@stoa/gomod/zip";
import { ProxyFailure } from "../../../domain/proxy-failure.ts";
import { DamagedRepository, localDeadlines, localFailure } from "../git/bare-repository.ts";
import { lastWords } from "../git/git-complaint.ts";
import { type Git, GitFailure } from "../git/git-process.ts";
import type { MirrorView } from "../mirror/mirror-view.ts";
import type { SpooledFiles, SpooledPlace } from "./spooled-files.ts";
import { BrokenArchive, tarFiles } from "./tar-files.ts";

export interface ModuleArchiveParts {
  readonly git: Git;
  readonly view: MirrorView;
  /** Where the module lies in the repository, without slashes at the ends. */
  readonly directory: string;
  /** For files that go when the archive has been read. */
  readonly scratch: string;
  readonly spool: SpooledFiles;
}

/** A file of the repository. Its path counts from the root. */
export interface RootedFile {
  readonly mode: string;
  readonly hash: string;
  readonly rawPath: Buffer;
}

type Places = ReadonlyMap<string, SpooledPlace>;
type Variables = Readonly<Record<string, string>>;

/** How git converts; the go command's choice (cmd/go codehost.gitRepo.ReadZip). */
const conversion = ["-c", "core.autocrlf=input", "-c", "core.eol=lf"];

/**
 * Spools all files below the module's directory in a commit, which must all be here. Gives the place of each in the
 * spool, by its path in the module. Rejects with `invalid_module` if git cannot convert them, or if they are too large.
 */
export function spoolCommit(parts: ModuleArchiveParts, commit: string): Promise<Places> {
  return spoolTree(parts, commit, parts.view.mirror.repository.environment);
}

/** Spools just these files; others need not be here. The .gitattributes that count for them must be among them. */
export async function spoolSome(
  parts: ModuleArchiveParts,
  files: readonly RootedFile[],
): Promise<Places> {
  const scratch = join(parts.scratch, randomUUID());
  const { repository } = parts.view.mirror;
  // The directories that are made for it go where they are removed with everything else.
  const env = {
    ...repository.environment,
    GIT_INDEX_FILE: join(scratch, "index"),
    GIT_OBJECT_DIRECTORY: join(scratch, "objects"),
    GIT_ALTERNATE_OBJECT_DIRECTORIES: join(repository.folder, "objects"),
  };
  try {
    await mkdir(join(scratch, "objects"), { recursive: true });
    return await spoolTree(parts, await writeTree(parts, files, env), env);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** A directory of just these files. */
async function writeTree(
  { git, view }: ModuleArchiveParts,
  files: readonly RootedFile[],
  env: Variables,
): Promise<string> {
  const input = Buffer.concat(
    files.flatMap(({ mode, hash, rawPath }) => [
      Buffer.from(`${mode} ${hash}\t`),
      rawPath,
      Buffer.alloc(1),
    ]),
  );
  // Names that would be dangerous in a working tree on another system are harmless here.
  const anyName = ["-c", "core.protectNTFS=false", "-c", "core.protectHFS=false"];
  const call = { env, deadlines: localDeadlines };
  const { signal } = view.sight;
  try {
    await git.run(
      { ...call, args: [...anyName, "update-index", "-z", "--index-info"], input },
      signal,
    );
    return (await git.run({ ...call, args: [...anyName, "write-tree"] }, signal)).toString().trim();
  } catch (failure) {
    throw localFailure(failure);
  }
}

async function spoolTree(parts: ModuleArchiveParts, tree: string, env: Variables): Promise<Places> {
  const { git, view, directory } = parts;
  const paths = directory === "" ? [] : [directory];
  const args = [...conversion, "archive", "--format=tar", "--end-of-options", tree, ...paths];
  const running = git.start({ args, env, deadlines: localDeadlines }, view.sight.signal);
  try {
    const places = await spoolFiles(running.stdout, parts);
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
  { directory, spool }: ModuleArchiveParts,
): Promise<Places> {
  const prefix = directory === "" ? "" : `${directory}/`;
  const places = new Map<string, SpooledPlace>();
  for await (const { path, sizeBytes, bytes } of tarFiles(output)) {
    const name = path.slice(prefix.length);
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
