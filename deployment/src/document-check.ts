// Holds a parsed JSON value against a schema and says in one sentence what is wrong with it.
import type { z } from "zod";
import { DocumentProblem } from "./document-problem.ts";

/**
 * The value, if it is what the schema describes. Throws `DocumentProblem` naming the first place that is not. Members the
 * schema does not name are refused: a document that says more than this program understands must not be half obeyed.
 */
export function checkDocument<T>(kind: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  if (issue === undefined) throw new DocumentProblem(kind, "", "is not understood");
  throw new DocumentProblem(kind, pathOf(issue.path), reasonOf(issue));
}

/** `["files", 2, "mode"]` is `files[2].mode`. */
function pathOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((before, step) => {
    if (typeof step === "number") return `${before}[${step}]`;
    const name = String(step);
    if (!/^[A-Za-z_$][\w$]*$/.test(name)) return `${before}[${JSON.stringify(name)}]`;
    return before === "" ? name : `${before}.${name}`;
  }, "");
}

function reasonOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined && issue.message.endsWith("undefined")
        ? "is missing"
        : `must be ${withArticle(issue.expected)}`;
    case "unrecognized_keys":
      return `has members that this version does not know: ${issue.keys.map((key) => JSON.stringify(key)).join(", ")}`;
    case "invalid_value":
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}`;
    case "invalid_union":
      return "is of no known kind";
    default:
      return issue.message;
  }
}

function withArticle(expected: string): string {
  if (expected === "record") return "an object";
  if (expected === "int") return "a whole number";
  return `${/^[aeiou]/.test(expected) ? "an" : "a"} ${expected}`;
}
