// Which files of a source tree make up a module.
import { foldKey } from "../fold.ts";
import { pathProblem } from "../path-element.ts";
import { maxZipBytes, rootFileLimits } from "./module-zip-limits.ts";
import { PathCollisions } from "./path-collisions.ts";
import { isVendored, type VendorRule, vendorRuleOf } from "./vendor-rule.ts";

/** A file that may become part of a module. */
export interface ModuleFile {
  /** Relative to the root of the module, with slashes. */
  readonly path: string;
  readonly kind: "regular" | "directory" | "symlink" | "irregular";
  readonly sizeBytes: number;
}

/** Why a file is left out. That is no fault. */
export type Omission =
  | "it is in a vendored package"
  | "it is in another module"
  | "it is a note of hg archive"
  | "it is a symbolic link"
  | "it is not a regular file";

/** Every path of the files that were given is in one of the three lists. */
export interface ModuleFileSelection<F extends ModuleFile> {
  /** In the order in which they were given. */
  readonly keep: readonly F[];
  readonly omitted: readonly { readonly path: string; readonly reason: Omission }[];
  /** A module with one of these is no module. The reason ends a sentence that names the path. */
  readonly invalid: readonly { readonly path: string; readonly reason: string }[];
  /** The regular files, whether valid or not, add up to more than a module may have. */
  readonly isTooLarge: boolean;
}

/**
 * Sorts out the files of a source tree: `goMod` is the content of its root go.mod, which decides about vendored
 * packages. The caller has left out the directories of the version control system, and has added the LICENSE of the
 * repository's root to a module in a subdirectory that has none. Authority: golang.org/x/mod/zip.CheckFiles.
 */
export function selectModuleFiles<F extends ModuleFile>(
  files: readonly F[],
  goMod: Uint8Array | undefined,
): ModuleFileSelection<F> {
  const judge = new Judge(files, goMod);
  const keep: F[] = [];
  const omitted: { path: string; reason: Omission }[] = [];
  const invalid: { path: string; reason: string }[] = [];
  /** A path is dropped once, for the first reason found. */
  const dropped = new Set<string>();
  for (const file of files) {
    const { path } = file;
    const { verdict, reason } = judge.judge(file);
    if (verdict === "keep") keep.push(file);
    else if (dropped.has(path)) continue;
    else if (verdict === "omit") omitted.push({ path, reason });
    else invalid.push({ path, reason });
    if (verdict !== "keep") dropped.add(path);
  }
  return { keep, omitted, invalid, isTooLarge: judge.isTooLarge };
}

type Verdict =
  | { readonly verdict: "keep"; readonly reason?: never }
  | { readonly verdict: "omit"; readonly reason: Omission }
  | { readonly verdict: "refuse"; readonly reason: string };

/** Judges the files one by one; what came before matters for collisions and for the total size. */
class Judge {
  isTooLarge = false;
  readonly #vendorRule: VendorRule;
  readonly #moduleRoots: ReadonlySet<string>;
  readonly #collisions = new PathCollisions();
  #freeBytes = maxZipBytes;

  constructor(files: readonly ModuleFile[], goMod: Uint8Array | undefined) {
    const goMods = files.filter(isGoMod);
    const hasRoot = goMods.some((file) => file.path === "go.mod");
    this.#vendorRule = vendorRuleOf(hasRoot ? goMod : undefined);
    this.#moduleRoots = new Set(goMods.map((file) => directoryOf(file.path)));
  }

  judge(file: ModuleFile): Verdict {
    const { path, kind } = file;
    if (!isClean(path)) return refuse("the path is not clean");
    if (path.startsWith("/")) return refuse("the path is not relative");
    if (isVendored(path, this.#vendorRule)) return omit("it is in a vendored package");
    if (isBelow(this.#moduleRoots, path)) return omit("it is in another module");
    if (path === ".hg_archival.txt") return omit("it is a note of hg archive");
    const problem = fileProblem(path) ?? this.#collisions.add(path, kind === "directory");
    if (problem !== undefined) return refuse(problem);
    if (kind === "symlink") return omit("it is a symbolic link");
    if (kind !== "regular") return omit("it is not a regular file");
    return this.#judgeSize(file);
  }

  #judgeSize({ path, sizeBytes }: ModuleFile): Verdict {
    if (sizeBytes >= 0 && sizeBytes <= this.#freeBytes) this.#freeBytes -= sizeBytes;
    else this.isTooLarge = true;
    const limit = rootFileLimits.get(path) ?? Number.POSITIVE_INFINITY;
    return sizeBytes > limit ? refuse(`it is larger than ${limit} bytes`) : { verdict: "keep" };
  }
}

function omit(reason: Omission): Verdict {
  return { verdict: "omit", reason };
}

function refuse(reason: string): Verdict {
  return { verdict: "refuse", reason };
}

function fileProblem(path: string): string | undefined {
  const problem = pathProblem(path, "file");
  if (problem !== undefined) return problem;
  const isMisspelled = path !== "go.mod" && path.toLowerCase() === "go.mod";
  return isMisspelled ? "go.mod is spelled in lower case" : undefined;
}

/** A regular file that makes its directory the root of a module. */
function isGoMod(file: ModuleFile): boolean {
  const name = file.path.slice(file.path.lastIndexOf("/") + 1);
  return file.kind === "regular" && foldKey(name) === "go.mod";
}

/** Whether one of the directories above `path`, other than the root, is one of `directories`. */
function isBelow(directories: ReadonlySet<string>, path: string): boolean {
  for (let above = directoryOf(path); above !== ""; above = directoryOf(above.slice(0, -1))) {
    if (directories.has(above)) return true;
  }
  return false;
}

/** Up to and including the last slash; "" in the root. */
function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

/**
 * Whether nothing about the path could be said shorter: no empty or `.` element, no `..` but at its start.
 * Authority: `path == Clean(path)` with Go's path.Clean.
 */
function isClean(path: string): boolean {
  if (path === "." || path === "/") return true;
  const isRooted = path.startsWith("/");
  const elements = (isRooted ? path.slice(1) : path).split("/");
  const start = isRooted ? 0 : elements.findIndex((element) => element !== "..");
  if (start < 0) return true;
  return elements.slice(start).every((element) => !["", ".", ".."].includes(element));
}
