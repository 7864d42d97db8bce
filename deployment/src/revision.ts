// A revision: files and how they are run, called by the digest of its own description. It never changes.
import { bundlePathProblem } from "./bundle-path.ts";
import { canonicalJson } from "./canonical-json.ts";
import { sha256Hex, sha256Pattern } from "./digest.ts";
import { checkDocument } from "./document-check.ts";
import { DocumentProblem } from "./document-problem.ts";
import { type GoBuildInfo, goBuildInfoShape } from "./go-build-info.ts";
import { labelShape, versionLabelShape } from "./names.ts";
import { type Run, runShape } from "./run.ts";
import {
  anyText,
  list,
  object,
  oneOf,
  optional,
  type Shape,
  shortText,
  truth,
  whole,
} from "./shape.ts";

/** Processor architectures by their Go names (`go tool dist list`). */
export const architectures = [
  "386",
  "amd64",
  "arm",
  "arm64",
  "loong64",
  "mips",
  "mips64",
  "mips64le",
  "mipsle",
  "ppc64",
  "ppc64le",
  "riscv64",
  "s390x",
] as const;

/** A processor architecture by its Go name. */
export type Architecture = (typeof architectures)[number];

/** One file of a revision. */
export interface RevisionFile {
  /** Relative, with slashes, without `.` and `..`. */
  readonly path: string;
  /** Permission bits, `0o777` at most: what a bundle brings is never set-user-id. */
  readonly mode: number;
  /** In bytes. */
  readonly size: number;
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

/** A revision. Either `run` or `appspec` says how it is run. */
export interface Revision {
  readonly format: 1;
  readonly service: string;
  /** The label people know it by: `1.214`. Two revisions may share one; the id tells them apart. */
  readonly version: string;
  readonly os: "linux";
  readonly arch: Architecture;
  /** Sorted by path, by UTF-16 code units. Plain files only. */
  readonly files: readonly RevisionFile[];
  /** Native mode: no scripts. */
  readonly run?: Run;
  /** CodeDeploy mode: the bundle's own application specification rules. */
  readonly appspec?: { readonly path: string };
  /** What the Go toolchain wrote into the entry. */
  readonly go?: GoBuildInfo;
  readonly commit?: string;
  /** Whether the working tree held changes that are in no commit. */
  readonly dirty?: boolean;
  /** Who or what built it. Not part of the id: the same bytes are the same revision, whoever built them. */
  readonly builder?: string;
}

const revisionShape: Shape<Revision> = object<Revision>({
  format: oneOf(1),
  service: labelShape,
  version: versionLabelShape,
  os: oneOf("linux"),
  arch: oneOf(...architectures),
  files: list(
    object<RevisionFile>({
      path: anyText,
      mode: whole(0, 0o777),
      size: whole(0),
      sha256: anyText.that(
        (digits) => sha256Pattern.test(digits),
        "must be 64 lower-case hexadecimal digits",
      ),
    }),
  ).that(({ length }) => length > 0, "must name at least one file"),
  run: optional(runShape),
  appspec: optional(object<{ readonly path: string }>({ path: anyText })),
  go: optional(goBuildInfoShape),
  commit: optional(shortText(200)),
  dirty: optional(truth),
  builder: optional(shortText(200)),
});

/** Checks that a parsed JSON value is a revision. Throws `DocumentProblem`. */
export function parseRevision(value: unknown): Revision {
  const revision = checkDocument("revision", revisionShape, value);
  checkFiles(revision.files);
  if ((revision.run === undefined) === (revision.appspec === undefined)) {
    throw new DocumentProblem("revision", "", "must have either run or appspec");
  }
  if (revision.run !== undefined) checkRun(revision.run, revision.files);
  if (revision.appspec !== undefined)
    checkNamesFile("appspec.path", revision.appspec.path, revision.files);
  return revision;
}

/**
 * The id: the SHA-256 of the canonical JSON of everything but `builder`, as 64 lower-case hexadecimal digits. Same files,
 * same way to run them, same labels: same id, on any machine.
 */
export function revisionId(revision: Revision): string {
  const { builder: _, ...described } = revision;
  return sha256Hex(canonicalJson(described));
}

/** The first 12 digits of an id: enough for people. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}

function checkFiles(files: readonly RevisionFile[]): void {
  const paths = new Set(files.map(({ path }) => path));
  for (const [index, { path }] of files.entries()) {
    const place = `files[${index}].path`;
    const problem = bundlePathProblem(path);
    if (problem !== undefined)
      throw new DocumentProblem("revision", place, `${problem}: ${shown(path)}`);
    const before = files[index - 1]?.path;
    if (before === path) throw new DocumentProblem("revision", place, `comes twice: ${path}`);
    if (before !== undefined && before > path) {
      throw new DocumentProblem("revision", place, "is out of order: files are sorted by path");
    }
    const folder = foldersOf(path).find((folder) => paths.has(folder));
    if (folder !== undefined) {
      throw new DocumentProblem("revision", place, `lies in ${folder}, which is a file`);
    }
  }
}

/** A name as a sentence can hold it, whatever is in it. */
function shown(path: string): string {
  return JSON.stringify(path.slice(0, 100));
}

/** `a/b/c` lies in `a` and `a/b`. */
function foldersOf(path: string): readonly string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
}

function checkRun(run: Run, files: readonly RevisionFile[]): void {
  checkNamesFile("run.entry", run.entry, files);
  const names = new Set<string>();
  for (const [index, { name }] of run.sockets.entries()) {
    if (names.has(name))
      throw new DocumentProblem("revision", `run.sockets[${index}].name`, "comes twice");
    names.add(name);
  }
  if (run.health.kind === "http" && !names.has(run.health.socket)) {
    throw new DocumentProblem("revision", "run.health.socket", "names none of run.sockets");
  }
  if (run.health.kind === "listening" && names.size === 0) {
    throw new DocumentProblem(
      "revision",
      "run.health",
      "asks whether the service listens, and it has no sockets",
    );
  }
}

function checkNamesFile(place: string, path: string, files: readonly RevisionFile[]): void {
  if (!files.some((file) => file.path === path)) {
    throw new DocumentProblem("revision", place, `names no file of the revision: ${path}`);
  }
}
