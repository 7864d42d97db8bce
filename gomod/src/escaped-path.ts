// The form in which paths and versions stand in URLs and file names: every capital as "!" and its small letter.
import { InvalidText, quoted } from "./invalid-text.ts";
import { type ModulePath, parseModulePath } from "./module-path.ts";
import { elementProblem } from "./path-element.ts";

/**
 * `github.com/Azure/go` becomes `github.com/!azure/go`. Throws `InvalidText` of kind `module path`.
 * Authority: golang.org/x/mod module.EscapePath.
 */
export function escapePath(path: string): string {
  return escapeCapitals(parseModulePath(path));
}

/**
 * The path that an escaped one stands for. Throws `InvalidText`: of kind `escaped module path` where the escaping is
 * wrong, of kind `module path` where what it stands for is none. Authority: golang.org/x/mod module.UnescapePath.
 */
export function unescapePath(text: string): ModulePath {
  return parseModulePath(unescapeCapitals(text, "escaped module path"));
}

/**
 * Escapes a version or any other word that may stand in its place (a branch, a commit). Such a word is one file name:
 * ASCII, no slash, no exclamation mark. Throws `InvalidText` of kind `version`.
 * Authority: golang.org/x/mod module.EscapeVersion.
 */
export function escapeVersion(version: string): string {
  checkVersionElement(version);
  return escapeCapitals(version);
}

/**
 * The version, branch or commit that an escaped one stands for. Throws `InvalidText` of kind `escaped version` or
 * `version`. Authority: golang.org/x/mod module.UnescapeVersion.
 */
export function unescapeVersion(text: string): string {
  const version = unescapeCapitals(text, "escaped version");
  checkVersionElement(version);
  return version;
}

/** Throws `InvalidText` of kind `version` unless the text may stand where a version does in a URL. */
function checkVersionElement(version: string): void {
  const strange = /\P{ASCII}|!/u.exec(version);
  const problem =
    strange === null
      ? elementProblem(version, "file")
      : `the character ${quoted(strange[0])} cannot be escaped`;
  if (problem !== undefined) throw new InvalidText("version", version, problem);
}

function escapeCapitals(text: string): string {
  return text.replace(/[A-Z]/g, (capital) => `!${capital.toLowerCase()}`);
}

function unescapeCapitals(text: string, kind: string): string {
  if (/[A-Z]/.test(text)) {
    throw new InvalidText(kind, text, 'a capital is written as "!" and its small letter');
  }
  if (/\P{ASCII}/u.test(text)) throw new InvalidText(kind, text, "it is not ASCII");
  if (/!(?![a-z])/.test(text)) {
    throw new InvalidText(kind, text, 'after "!" a small letter must follow');
  }
  return text.replace(/!([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
