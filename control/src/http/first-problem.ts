// What is wrong with an input, in words for whoever wrote it: the first issue that zod found.
import type { z } from "zod";

/** The first thing that is wrong: `files[2].mode` and `must be a whole number`. The place is empty for the whole. */
export function firstProblem({ issues: [issue] }: Pick<z.ZodError, "issues">): {
  readonly place: string;
  readonly complaint: string;
} {
  if (issue === undefined) return { place: "", complaint: "is not understood" };
  return { place: pathOf(issue.path), complaint: reasonOf(issue) };
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
      return issue.message === "Invalid input" ? "is of no known kind" : issue.message;
    case "invalid_key":
      return "has a name that is not accepted";
    case "too_small":
      return issue.message.startsWith("Too small")
        ? `must be at least ${issue.minimum}${unitOf(issue.origin)}`
        : issue.message;
    case "too_big":
      return issue.message.startsWith("Too big")
        ? `must be at most ${issue.maximum}${unitOf(issue.origin)}`
        : issue.message;
    default:
      return issue.message;
  }
}

/** What is counted of a value that has a size. */
function unitOf(origin: string): string {
  if (origin === "string") return " characters long";
  return origin === "array" ? " items long" : "";
}

function withArticle(expected: string): string {
  if (expected === "record") return "an object";
  if (expected === "int") return "a whole number";
  return `${/^[aeiou]/.test(expected) ? "an" : "a"} ${expected}`;
}
