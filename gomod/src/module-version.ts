// A module at a version, and whether the major version in the path agrees with the version.
import { compareBytewise } from "./byte-order.ts";
import { InvalidText } from "./invalid-text.ts";
import { type ModulePath, parseModulePath, splitPathVersion } from "./module-path.ts";
import { buildOf, compareVersions, isSemver, majorOf } from "./semver.ts";
import type { Version } from "./version.ts";

/** One version of one module. */
export interface ModuleVersion {
  readonly path: ModulePath;
  readonly version: Version;
}

/**
 * Throws `InvalidText` unless the path is a module path, the version a semantic version (canonical or not) and their
 * majors agree. Authority: golang.org/x/mod module.Check.
 */
export function checkModuleVersion(path: string, version: string): void {
  parseModulePath(path);
  if (!isSemver(version)) {
    throw new InvalidText("version", version, `${path} has only semantic versions like v1.2.3`);
  }
  checkPathMajor(version, splitPathVersion(path)?.pathMajor ?? "");
}

/** Throws `InvalidText` of kind `version` where `matchesPathMajor` is false. */
export function checkPathMajor(version: string, pathMajor: string): void {
  if (matchesPathMajor(version, pathMajor)) return;
  const wanted = pathMajor === "" ? "v0 or v1" : withoutUnstable(pathMajor).replace(/^[/.]/, "");
  throw new InvalidText("version", version, `its major version should be ${wanted}`);
}

/**
 * Whether a version may belong to a path with this major version suffix (as `splitPathVersion` gives it).
 * Authority: golang.org/x/mod module.MatchPathMajor.
 */
export function matchesPathMajor(version: string, pathMajor: string): boolean {
  const suffix = withoutUnstable(pathMajor);
  // Old go commands gave gopkg.in modules of major 1 pseudo-versions of major 0; they live on in go.mod files.
  if (suffix === ".v1" && version.startsWith("v0.0.0-")) return true;
  const major = majorOf(version);
  if (suffix === "")
    return major === "v0" || major === "v1" || buildOf(version) === "+incompatible";
  return /^[/.]/.test(suffix) && major === suffix.slice(1);
}

/**
 * The major version that tags must have for a path with this suffix: `v2` for `/v2`, "" (v0 or v1) for "".
 * Throws `InvalidText` of kind `major version suffix`. Authority: golang.org/x/mod module.PathMajorPrefix.
 */
export function pathMajorPrefix(pathMajor: string): string {
  if (pathMajor === "") return "";
  const major = withoutUnstable(pathMajor).slice(1);
  if (!/^[/.]/.test(pathMajor) || major !== majorOf(major)) {
    throw new InvalidText("major version suffix", pathMajor, "it is not of the form /v2 or .v2");
  }
  return major;
}

/**
 * A sorted copy: by path, then by version, then by what follows a slash in the version (go.sum has `v1.0.0/go.mod`).
 * Authority: golang.org/x/mod module.Sort.
 */
export function sortModuleVersions<T extends { readonly path: string; readonly version: string }>(
  modules: Iterable<T>,
): T[] {
  return [...modules].sort(
    (a, b) => compareBytewise(a.path, b.path) || compareSlashed(a.version, b.version),
  );
}

function compareSlashed(a: string, b: string): -1 | 0 | 1 {
  const [version, file] = cutAtSlash(a);
  const [otherVersion, otherFile] = cutAtSlash(b);
  return version === otherVersion
    ? compareBytewise(file, otherFile)
    : compareVersions(version, otherVersion);
}

function cutAtSlash(text: string): readonly [before: string, slashAndAfter: string] {
  const slash = text.indexOf("/");
  return slash < 0 ? [text, ""] : [text.slice(0, slash), text.slice(slash)];
}

function withoutUnstable(pathMajor: string): string {
  return /^\.v.*-unstable$/s.test(pathMajor) ? pathMajor.slice(0, -"-unstable".length) : pathMajor;
}
