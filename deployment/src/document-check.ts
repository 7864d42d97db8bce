// Holds a parsed JSON value against a shape and says in one sentence what is wrong with it.
import { DocumentProblem } from "./document-problem.ts";
import type { Shape } from "./shape.ts";

/** The value, if it has the shape. Throws `DocumentProblem` naming the first place that has another. */
export function checkDocument<T>(kind: string, shape: Shape<T>, value: unknown): T {
  const mismatch = shape.mismatchIn(value);
  if (mismatch === undefined) return value as T;
  throw new DocumentProblem(kind, placeOf(mismatch.path), mismatch.reason);
}

/** `["files", 2, "mode"]` is `files[2].mode`. */
function placeOf(path: readonly (string | number)[]): string {
  return path.reduce<string>((before, step) => {
    if (typeof step === "number") return `${before}[${step}]`;
    if (!/^[A-Za-z_$][\w$]*$/.test(step)) return `${before}[${JSON.stringify(step)}]`;
    return before === "" ? step : `${before}.${step}`;
  }, "");
}
