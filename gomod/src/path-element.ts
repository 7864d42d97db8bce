// What one element of a slash-separated path may look like: the rules that module, import and file paths share.
import { quoted } from "./invalid-text.ts";
import { youngCharacter } from "./unicode-age.ts";

/** Where a path occurs. File paths are the freest, module paths the strictest. */
export type PathKind = "module" | "import" | "file";

const forbiddenCharacter = {
  module: /[^-._~0-9A-Za-z]/u,
  import: /[^-._~+0-9A-Za-z]/u,
  file: new RegExp(
    String.raw`[^\-!#$%\&\(\)+,.=@\[\]\^_\{\}\~ 0-9A-Za-z[\p{L}--${youngCharacter.source}]]`,
    "v",
  ),
} satisfies Record<PathKind, RegExp>;

/** Names that Windows keeps for devices, with any extension and in any case. */
const reservedName = /^(?:con|prn|aux|nul|com[1-9]|lpt[1-9])$/i;

/** `PROGRA~1`: what Windows may make of a long name. */
const shortNameTail = /~[0-9]+$/;

/**
 * Why `path` cannot be a path of this kind, as the end of a sentence, or `undefined`.
 * Authority: golang.org/x/mod/module, checkPath.
 */
export function pathProblem(path: string, kind: PathKind): string | undefined {
  if (path === "") return "it is empty";
  if (!path.isWellFormed()) return "it holds half a surrogate pair, which UTF-8 cannot express";
  if (path.startsWith("-") && kind !== "file") return "it starts with a dash";
  if (path.startsWith("/")) return "it starts with a slash";
  if (path.endsWith("/")) return "it ends with a slash";
  if (path.includes("//")) return "it has two slashes in a row";
  for (const element of path.split("/")) {
    const problem = elementProblem(element, kind);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

/**
 * Why `element` cannot be one element of such a path, or `undefined`. A version stands where a file name does and is
 * held to kind `file`. Authority: golang.org/x/mod/module, checkElem.
 */
export function elementProblem(element: string, kind: PathKind): string | undefined {
  if (element === "") return "it has an empty element";
  const strange = forbiddenCharacter[kind].exec(element);
  if (strange !== null) return `the character ${quoted(strange[0])} is not allowed`;
  if (/^\.+$/.test(element)) return `the element ${quoted(element)} consists of dots`;
  if (kind === "module" && element.startsWith(".")) {
    return `the element ${quoted(element)} starts with a dot`;
  }
  if (element.endsWith(".")) return `the element ${quoted(element)} ends with a dot`;

  const dot = element.indexOf(".");
  const stem = dot < 0 ? element : element.slice(0, dot);
  if (reservedName.test(stem)) return `${quoted(stem)} is a device name on Windows`;
  if (kind !== "file" && shortNameTail.test(stem)) {
    return `the element ${quoted(element)} looks like a short name of Windows`;
  }
  return undefined;
}
