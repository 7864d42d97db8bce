// What may be asked about a module in place of a version: latest, a range, a prefix, a branch, a commit.
import { InvalidText } from "./invalid-text.ts";
import { elementProblem } from "./path-element.ts";
import { isSemver } from "./semver.ts";
import { canonicalVersion } from "./version.ts";

/** A query, by what answers it. */
export type VersionQuery =
  /** The newest release; `upgrade` and `patch` start from the version that the asker has. */
  | { readonly kind: "latest" | "upgrade" | "patch" }
  /** The version nearest to the given one on this side of it. */
  | { readonly kind: "comparison"; readonly operator: Comparison; readonly version: string }
  /** The newest version that starts with these numbers: `v1` or `v1.2`. */
  | { readonly kind: "prefix"; readonly prefix: string }
  /** One version. `canonical` lacks the build metadata that a tag may have. */
  | { readonly kind: "version"; readonly version: string; readonly canonical: string }
  /** A branch, a tag that is no version, or a commit. */
  | { readonly kind: "revision"; readonly revision: string };

export type Comparison = "<" | "<=" | ">" | ">=";

/**
 * Reads what stands behind `@` in `go get module@query`. Throws `InvalidText` of kind `version query` for a comparison
 * with something that is no version or may mean two (`<=v1.2`), and for a revision that no proxy can be asked for.
 * Authority: cmd/go modload newQueryMatcher; for revisions module.EscapeVersion.
 */
export function parseVersionQuery(text: string): VersionQuery {
  if (text === "latest" || text === "upgrade" || text === "patch") return { kind: text };
  if (/^[<>]/.test(text)) return parseComparison(text);
  if (isSemver(text)) {
    return isShort(text)
      ? { kind: "prefix", prefix: text }
      : { kind: "version", version: text, canonical: canonicalVersion(text) };
  }
  const problem = /\P{ASCII}|!/u.test(text)
    ? "a proxy can only be asked for names in ASCII without exclamation marks"
    : elementProblem(text, "file");
  if (problem !== undefined) throw new InvalidText("version query", text, problem);
  return { kind: "revision", revision: text };
}

function parseComparison(text: string): VersionQuery {
  const operator = (text[1] === "=" ? text.slice(0, 2) : text.slice(0, 1)) as Comparison;
  const version = text.slice(operator.length);
  if (!isSemver(version)) {
    throw new InvalidText("version query", text, `after ${operator} a version must follow`);
  }
  // "<v1.2" and ">=v1.2" can only mean v1.2.0; the other two might include v1.2.3 or not.
  if (isShort(version) && (operator === "<=" || operator === ">")) {
    throw new InvalidText(
      "version query",
      text,
      `write ${operator}${version} with all three numbers`,
    );
  }
  return { kind: "comparison", operator, version };
}

function isShort(version: string): boolean {
  return /^v[0-9]+(?:\.[0-9]+)?$/.test(version);
}
