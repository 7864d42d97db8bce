// In which directory of a commit a module lies: the one whose go.mod claims its major version.
import { modulePathOf, pathMajorPrefix, splitPathVersion } from "@stoa/gomod";
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
  const { directory, majorDirectory, pathMajor, pathPrefix } = source.layout;
  const refuse = (reason: string) => noSuchVersion(source, asked, reason);
  const [own, major] = await Promise.all([
    goModIn(source, commit, directory),
    majorDirectory === undefined ? undefined : goModIn(source, commit, majorDirectory),
  ]);
  const ownClaims = own !== undefined && claims(own.names, pathMajor);

  if (major !== undefined && majorDirectory !== undefined) {
    const majorClaims = namesMajor(major.names, pathMajor);
    if (ownClaims && majorClaims) {
      throw refuse(
        `${inRoot(directory)} and ${inRoot(majorDirectory)} both declare a module of major version ${pathMajor.slice(1)}`,
      );
    }
    if (majorClaims) return { path: majorDirectory, goMod: major.bytes };
    throw refuse(
      `${inRoot(majorDirectory)} declares ${named(major)}, which does not end in ${pathMajor}`,
    );
  }
  if (ownClaims) return { path: directory, goMod: own.bytes };
  if (own !== undefined) {
    const wanted = pathMajor === "" ? "of major version 0 or 1" : `that ends in ${pathMajor}`;
    throw refuse(`${inRoot(directory)} declares ${named(own)} and not a module ${wanted}`);
  }
  if (directory === "" && (pathMajor === "" || pathMajor.startsWith("."))) {
    return { path: "", goMod: undefined };
  }
  const places = [directory, majorDirectory].filter((place) => place !== undefined).map(inRoot);
  throw refuse(`the repository has no ${places.join(" or ")} for ${pathPrefix} there`);
}

async function goModIn(
  { repository }: ModuleSource,
  commit: Commit,
  directory: string,
): Promise<FoundGoMod | undefined> {
  const bytes = await repository.file(commit, inRoot(directory));
  return bytes && { bytes, names: modulePathOf(bytes) };
}

function inRoot(directory: string): string {
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
