// What stoa deploy makes a revision of: the Go program of a folder, a program that was built elsewhere, or a bundle.
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import {
  type Architecture,
  elfProblem,
  type GoBuildInfo,
  type HandOff,
  handOffLibraryOf,
  isElf,
  type Revision,
  readElf,
  readGoBuildInfo,
} from "@stoa/deployment";
import { findAppspec } from "@stoa/deployment/appspec";
import type { Environment } from "../config/load-config.ts";
import { type BundleFile, readBundleFile } from "../delivery/file-contents.ts";
import { marked, say } from "../delivery/terminal.ts";
import { debControl, headOf } from "./archive-entries.ts";
import { buildProgram, checkedLabel } from "./build-program.ts";
import { controlField, labelOfDebianVersion } from "./debian-control.ts";
import { readGivenBundle } from "./given-bundle.ts";
import { type GoProject, readGoProject, type SourceCommit } from "./go-project.ts";
import { lintFiles } from "./lint-files.ts";
import { nativeRevision } from "./native-revision.ts";
import type { ServiceFile } from "./service-file.ts";

/** What is known before anything is built. */
export interface RevisionOrder {
  readonly folder: string;
  readonly env: Environment;
  readonly file: ServiceFile;
  readonly arch: Architecture;
  /** Where the go command gets modules from; as it is configured itself if absent. */
  readonly goproxy: string | undefined;
  readonly service: string | undefined;
  readonly label: string | undefined;
  readonly main: string | undefined;
}

/** A revision, and where its contents lie until it is disposed of. */
export interface MadeRevision extends AsyncDisposable {
  readonly revision: Revision;
  readonly contents: readonly BundleFile[];
}

/** Builds the Go program of the folder and describes it. Throws sentences. */
export async function revisionOfSources(order: RevisionOrder): Promise<MadeRevision> {
  return await inTemporaryFolder(async (temporary) => {
    const { folder, env, file, arch, goproxy } = order;
    const project = await readGoProject(folder, order.main ?? file.main, env);
    const version = checkedLabel(order.label ?? labelOf(project));
    const output = join(temporary, project.name);
    say(`building ${project.package} ${version} for linux/${arch}`);
    const { package: main, commit } = project;
    const build = { folder, package: main, os: "linux", arch, goproxy, version, output, env };
    await buildProgram({ ...build, commit: commit?.hash ?? "unknown" }, (line) =>
      say(marked(line, "dim")),
    );
    const service = order.service ?? file.service ?? serviceName(project.name);
    return await programRevision(output, { service, version, file, arch, commit });
  });
}

/** Describes what was built elsewhere: a Linux program, or a bundle with an appspec.yml or one program. */
export async function revisionOfFile(place: string, order: RevisionOrder): Promise<MadeRevision> {
  const { file, arch, label } = order;
  const isNative = await isProgram(place);
  const names = isNative ? undefined : await namesInPackage(place);
  const service =
    order.service ??
    file.service ??
    serviceName(names?.service ?? basename(place).replace(/\.(zip|tar|tgz|tar\.gz)$/, ""));
  const version = checkedLabel(label ?? names?.label ?? "dev");
  return await inTemporaryFolder(async (temporary) => {
    if (isNative) {
      return await programRevision(place, { service, version, file, arch, commit: undefined });
    }
    const contents = await readGivenBundle(place, temporary);
    return {
      revision: await bundleRevision(place, contents, { service, version, file, arch }),
      contents,
    };
  });
}

/** How a .deb calls what it holds; undefined for any other bundle. */
async function namesInPackage(
  place: string,
): Promise<
  { readonly service: string | undefined; readonly label: string | undefined } | undefined
> {
  const control = await debControl(place);
  if (control === undefined) return undefined;
  const { text, scripts } = control;
  if (scripts.length > 0) {
    say(
      `its ${scripts.join(", ")} will not run: dpkg runs such scripts, Stoa those of an appspec.yml`,
    );
  }
  const version = controlField(text, "Version");
  return {
    service: controlField(text, "Package"),
    label: version === undefined ? undefined : labelOfDebianVersion(version),
  };
}

/** Whether it is a Linux program, and no bundle of any kind. */
export async function isProgram(place: string): Promise<boolean> {
  const isFolder = (await stat(place).catch(() => undefined))?.isDirectory() === true;
  return !isFolder && isElf(await headOf(place, 4));
}

type Made = Pick<MadeRevision, "revision" | "contents">;

interface Described {
  readonly service: string;
  readonly version: string;
  readonly file: ServiceFile;
  readonly arch: Architecture;
}

async function programRevision(
  place: string,
  { commit, ...described }: Described & { readonly commit: SourceCommit | undefined },
): Promise<Made> {
  const program = await readBundleFile(place, basename(place), 0o755);
  const go = await checkedProgram(place, described.arch);
  return {
    revision: nativeRevision({
      ...described,
      handOff: handOffOf(go),
      files: [program],
      entry: program.path,
      commit,
      go,
    }),
    contents: [program],
  };
}

async function bundleRevision(
  place: string,
  contents: readonly BundleFile[],
  described: Described,
): Promise<Revision> {
  const { service, version, arch } = described;
  const appspec = findAppspec(contents.map(({ path }) => path));
  if (appspec !== undefined) {
    await lintFiles(contents, appspec, say);
    const files = contents.map(({ path, mode, size, sha256 }) => ({ path, mode, size, sha256 }));
    return { format: 1, service, version, os: "linux", arch, files, appspec: { path: appspec } };
  }
  const programs: BundleFile[] = [];
  for (const file of contents) if (isElf(await headOf(file.place, 4))) programs.push(file);
  const [program, ...more] = programs;
  if (program === undefined || more.length > 0) {
    throw new Error(
      `${place} has no appspec.yml and ${programs.length} programs: it needs one or the other`,
    );
  }
  const go = await checkedProgram(program.place, arch);
  const files = contents.map((file) =>
    file === program ? { ...file, mode: file.mode | 0o111 } : file,
  );
  return nativeRevision({
    ...described,
    handOff: handOffOf(go),
    files,
    entry: program.path,
    commit: undefined,
    go,
  });
}

/** What Go wrote into a program. Throws a sentence if it does not run on the machines of the group. */
async function checkedProgram(place: string, arch: Architecture): Promise<GoBuildInfo | undefined> {
  const bytes = await readFile(place);
  const elf = readElf(bytes);
  const problem = elf === undefined ? "is no Linux program" : elfProblem(elf, arch);
  if (problem !== undefined) throw new Error(`${basename(place)} ${problem}`);
  return readGoBuildInfo(bytes);
}

/** Services that must not be handed over as any other are said to be. */
function handOffOf(go: GoBuildInfo | undefined): HandOff | undefined {
  const library = go === undefined ? undefined : handOffLibraryOf(go);
  if (library !== undefined) say(`it is built with ${library.module}: ${library.sentence}`);
  return library?.handOff;
}

async function inTemporaryFolder(make: (folder: string) => Promise<Made>): Promise<MadeRevision> {
  const folder = await mkdtemp(join(tmpdir(), "stoa-deploy-"));
  const dispose = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    return { ...(await make(folder)), [Symbol.asyncDispose]: dispose };
  } catch (failure) {
    await dispose();
    throw failure;
  }
}

function labelOf({ commit }: GoProject): string {
  if (commit === undefined) return "dev";
  return commit.dirty ? `${commit.label}-dirty` : commit.label;
}

/** A service is called as its program, in the letters that names have. */
function serviceName(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
}
