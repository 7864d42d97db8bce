// Where a module may lie in its repository, and how its tags begin.
import { type ModulePath, pathMajorPrefix, splitPathVersion } from "@stoa/gomod";
import { ProxyFailure } from "../proxy-failure.ts";
import type { RepositoryPlace } from "./repository-place.ts";

/** Follows from the module path and the place of the repository alone. */
export interface ModuleLayout {
  readonly path: ModulePath;
  /** The path without its major version suffix; the whole path if that is the repository's. */
  readonly pathPrefix: string;
  /** "", `/v2`, `.v2` or `.v2-unstable`. */
  readonly pathMajor: string;
  /** The major version that pseudo-versions must have: `v2`, or "" for v0 and v1. */
  readonly pseudoMajor: string;
  /** The module's directory in the repository, without slashes at its ends; "" for the root. */
  readonly directory: string;
  /** The subdirectory in which the major version may be developed instead; `undefined` where there can be none. */
  readonly majorDirectory: string | undefined;
  /** What stands before the version in the module's tags: "" or `dir/`. */
  readonly tagPrefix: string;
}

/** Throws `not_found` if the repository cannot hold such a module. Authority: cmd/go modfetch.newCodeRepo. */
export function moduleLayout(path: ModulePath, place: RepositoryPlace): ModuleLayout {
  const split = splitPathVersion(path);
  if (split === undefined || !isBelow(path, place.root)) throw cannotHold(path, place.root);
  const { pathMajor } = split;
  const isWhole = path === place.root;
  const pathPrefix = isWhole ? path : split.prefix;
  if (!isWhole && !isBelow(pathPrefix, place.root)) throw cannotHold(path, place.root);

  const below = isWhole ? "" : pathPrefix.slice(place.root.length);
  const directory = joined(below, place.directory);
  const mayHaveMajorDirectory = pathMajor.startsWith("/") && !isWhole;
  return {
    path,
    pathPrefix,
    pathMajor,
    pseudoMajor: pathMajorPrefix(pathMajor),
    directory,
    majorDirectory: mayHaveMajorDirectory ? joined(directory, pathMajor.slice(1)) : undefined,
    tagPrefix: directory === "" ? "" : `${directory}/`,
  };
}

function isBelow(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith("/") ? root : `${root}/`);
}

/** Joins two relative paths; without empty elements, and with `..` worked out, as Go's path.Join does. */
function joined(a: string, b: string): string {
  const elements: string[] = [];
  for (const element of `${a}/${b}`.split("/")) {
    if (element === "" || element === ".") continue;
    if (element === ".." && elements.length > 0 && elements.at(-1) !== "..") elements.pop();
    else elements.push(element);
  }
  return elements.join("/");
}

function cannotHold(path: string, root: string): ProxyFailure {
  return new ProxyFailure(
    "not_found",
    `the repository that stands for ${root} cannot hold the module ${path}`,
  );
}
