// The name of a module: which texts are module paths, and the major version that may end them.
import { InvalidText, quoted } from "./invalid-text.ts";
import { pathProblem } from "./path-element.ts";

declare const brand: unique symbol;

/** A text that has passed every rule of golang.org/x/mod module.CheckPath; ASCII only. */
export type ModulePath = string & { readonly [brand]: "ModulePath" };

/** A path without its major version suffix, and the suffix: "", "/vN", ".vN" or ".vN-unstable". */
export interface SplitPath {
  readonly prefix: string;
  readonly pathMajor: string;
}

/** Throws `InvalidText` of kind `module path`. Authority: golang.org/x/mod module.CheckPath. */
export function parseModulePath(text: string): ModulePath {
  const problem = modulePathProblem(text);
  if (problem !== undefined) throw new InvalidText("module path", text, problem);
  return text as ModulePath;
}

export function isModulePath(text: string): text is ModulePath {
  return modulePathProblem(text) === undefined;
}

/** Throws `InvalidText` of kind `import path`. Authority: golang.org/x/mod module.CheckImportPath. */
export function checkImportPath(text: string): void {
  const problem = pathProblem(text, "import");
  if (problem !== undefined) throw new InvalidText("import path", text, problem);
}

/**
 * Takes the major version off the end of a path; `undefined` where the end looks like one but breaks the rules
 * (`/v1`, `/v02`, `/v2.1`, a gopkg.in path without `.vN`). The rest of the path is not looked at.
 * Authority: golang.org/x/mod module.SplitPathVersion.
 */
export function splitPathVersion(path: string): SplitPath | undefined {
  if (path.startsWith("gopkg.in/")) return splitGopkgIn(path);

  const suffix = /\/v[0-9.]+$/.exec(path);
  if (suffix === null) return { prefix: path, pathMajor: "" };
  const [pathMajor] = suffix;
  if (pathMajor.includes(".") || pathMajor.startsWith("/v0") || pathMajor === "/v1") {
    return undefined;
  }
  return { prefix: path.slice(0, suffix.index), pathMajor };
}

/** The gopkg.in server wants a version at the end of every path, and has a `.v0`. */
function splitGopkgIn(path: string): SplitPath | undefined {
  const suffix = /\.v[0-9]*(?:-unstable)?$/.exec(path);
  if (suffix === null) return undefined;
  const [pathMajor] = suffix;
  // Go accepts ".v-unstable", a version without a number; only the bare ".v" is too short.
  if (pathMajor === ".v" || (pathMajor.startsWith(".v0") && pathMajor !== ".v0")) return undefined;
  return { prefix: path.slice(0, suffix.index), pathMajor };
}

function modulePathProblem(path: string): string | undefined {
  const problem = pathProblem(path, "module");
  if (problem !== undefined) return problem;

  const slash = path.indexOf("/");
  const host = slash < 0 ? path : path.slice(0, slash);
  if (!host.includes("."))
    return `the first element ${quoted(host)} has no dot, as a host name has`;
  const strange = /[^-.0-9a-z]/.exec(host);
  if (strange !== null) {
    return `the character ${quoted(strange[0])} is not allowed in the first element`;
  }
  if (splitPathVersion(path) === undefined) {
    return path.startsWith("gopkg.in/")
      ? "a gopkg.in path ends with its major version, as in gopkg.in/yaml.v3"
      : "its major version suffix is not of the form /vN with N of 2 or more";
  }
  return undefined;
}
