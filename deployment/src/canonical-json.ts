// JSON with exactly one spelling per value, so that it can be signed, hashed and compared as text.
import { DocumentProblem } from "./document-problem.ts";

/**
 * The one spelling of a value: RFC 8785 with whole numbers only. No white space, members sorted by UTF-16 code units,
 * strings as `JSON.stringify` writes them, numbers within ±(2⁵³−1). Members that are `undefined` are left out, as in
 * `JSON.stringify`. Throws `DocumentProblem` for what has no such spelling.
 */
export function canonicalJson(value: unknown): string {
  return spell(value, "");
}

function spell(value: unknown, path: string): string {
  switch (typeof value) {
    case "boolean":
      return String(value);
    case "number":
      return spellNumber(value, path);
    case "string":
      return spellString(value, path);
    case "object":
      if (value === null) return "null";
      if (Array.isArray(value))
        return `[${value.map((item, index) => spell(item, `${path}[${index}]`)).join(",")}]`;
      return spellObject(value, path);
    default:
      throw new DocumentProblem(
        "JSON",
        path,
        `is of the type ${typeof value}, which JSON does not have`,
      );
  }
}

/** Fractions and large numbers are read differently by different programs. */
function spellNumber(value: number, path: string): string {
  if (Number.isSafeInteger(value)) return String(value === 0 ? 0 : value);
  throw new DocumentProblem("JSON", path, `is no whole number within ±(2⁵³−1): ${value}`);
}

/** Half a surrogate pair has no bytes in UTF-8 (RFC 8785 §3.2.2.2). */
function spellString(value: string, path: string): string {
  if (value.isWellFormed()) return JSON.stringify(value);
  throw new DocumentProblem("JSON", path, "holds half a surrogate pair");
}

function spellObject(value: object, path: string): string {
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([name, member]) =>
        `${spellString(name, path)}:${spell(member, path === "" ? name : `${path}.${name}`)}`,
    );
  return `{${members.join(",")}}`;
}

/**
 * Reads a canonical text. Throws `DocumentProblem` unless it is the one spelling of its value: two members with one name,
 * spaces or another order would let two programs read two things in one signed text.
 */
export function parseCanonicalJson(text: string): unknown {
  const value = parse(text);
  if (canonicalJson(value) !== text) {
    throw new DocumentProblem("JSON", "", "is not written in canonical form");
  }
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (failure) {
    throw new DocumentProblem("JSON", "", "is not JSON", failure);
  }
}
