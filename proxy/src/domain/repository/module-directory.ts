// In which directory of a commit a module lies: the one whose go.mod claims its major version.
import { modulePathOf, pathMajorPrefix, splitPathVersion } from "@stoa/gomod";
import type { ModuleLayout } from "./module-layout.ts";
import { type ModuleSource, noSuchVersion } from "./module-source.ts";
import type { Commit } from "./repository-view.ts";

/** Where a module lies in one commit. */
export interface ModuleDirectory {
  /** Without slashes at its ends; "" for the root of the repository. */
  readonly path: string;
  /** The go.mod as it is kept; `undefined` for a module from before there were any. */
  readonly goMod: Uint8Array | undefined;
}

/** A go.mod that exists, and the module path that it names. */
interface FoundGoMod {
  readonly directory: string;
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly names: string;
}

/**
 * Finds the module's directory in a commit. Only the major version of the go.mod's module line counts, not the path: a
 * fork keeps the path of its origin. Rejects with `not_found` where the module is not in the commit; `asked` is what
 * the caller was asked for. Authority: cmd/go modfetch.codeRepo.findDir.
 */
export async function findModuleDirectory(
  source: ModuleSource,
  commit: Commit,
  asked: string,
): Promise<ModuleDirectory> {
  const { directory, majorDirectory } = source.layout;
  const [own, major] = await Promise.all([
    goModIn(source, commit, directory),
    majorDirectory === undefined ? undefined : goModIn(source, commit, majorDirectory),
  ]);
  const chosen = chooseDirectory(source.layout, own, major);
  if (typeof chosen === "string") throw noSuchVersion(source, asked, chosen);
  return chosen;
}

/** The directory, or why there is none. */
function chooseDirectory(
  layout: ModuleLayout,
  own: FoundGoMod | undefined,
  major: FoundGoMod | undefined,
): ModuleDirectory | string {
  const { pathMajor } = layout;
  const ownClaims = own !== undefined && claims(own.names, pathMajor);
  if (major !== undefined) {
    if (!namesMajor(major.names, pathMajor)) {
      return `${major.path} declares ${named(major)}, which does not end in ${pathMajor}`;
    }
    if (!ownClaims) return { path: major.directory, goMod: major.bytes };
    return `${own.path} and ${major.path} both declare a module that ends in ${pathMajor}`;
  }
  if (ownClaims) return { path: own.directory, goMod: own.bytes };
  return own === undefined ? withoutGoMod(layout) : unclaimed(layout, own);
}

/** A go.mod may only be missing in the root of the repository, and of v2 and above only on gopkg.in. */
function withoutGoMod({
  directory,
  majorDirectory,
  pathMajor,
}: ModuleLayout): ModuleDirectory | string {
  if (directory === "" && (pathMajor === "" || pathMajor.startsWith("."))) {
    return { path: "", goMod: undefined };
  }
  const places = [directory, majorDirectory].filter((place) => place !== undefined).map(goModPath);
  return `the repository has no ${places.join(" or ")} there`;
}

function unclaimed({ pathMajor }: ModuleLayout, own: FoundGoMod): string {
  const wanted = pathMajor === "" ? "of major version 0 or 1" : `that ends in ${pathMajor}`;
  return `${own.path} declares ${named(own)} and not a module ${wanted}`;
}

async function goModIn(
  { repository }: ModuleSource,
  commit: Commit,
  directory: string,
): Promise<FoundGoMod | undefined> {
  const path = goModPath(directory);
  const bytes = await repository.file(commit, path);
  return bytes && { directory, path, bytes, names: modulePathOf(bytes) };
}

function goModPath(directory: string): string {
  return directory === "" ? "go.mod" : `${directory}/go.mod`;
}

function named({ names }: FoundGoMod): string {
  return names === "" ? "no module path" : `the module ${names}`;
}

/**
 * Old go commands took a module that calls itself gopkg.in/… for one without a suffix, and such versions are in use
 * (golang.org/issue/34254).
 */
function claims(names: string, pathMajor: string): boolean {
  return namesMajor(names, pathMajor) || (pathMajor === "" && names.startsWith("gopkg.in/"));
}

/** Authority: cmd/go modfetch.isMajor. */
function namesMajor(names: string, pathMajor: string): boolean {
  if (names === "") return false;
  const split = splitPathVersion(names);
  if (split === undefined) return false;
  if (pathMajor === "") return ["", "v0", "v1"].includes(pathMajorPrefix(split.pathMajor));
  return split.pathMajor !== "" && split.pathMajor.slice(1) === pathMajor.slice(1);
}
