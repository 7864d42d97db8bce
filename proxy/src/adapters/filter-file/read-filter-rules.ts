// The filter file on disk.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { type FilterRules, parseFilterFile } from "../../domain/policy/filter-rules.ts";
import { PolicyProblems } from "../../domain/policy/policy-problems.ts";

/** Reads the filter file; `undefined` if `path` is "". Throws `PolicyProblems`. */
export function readFilterRules(path: string): FilterRules | undefined {
  if (path === "") return undefined;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (failure) {
    const code = (failure as NodeJS.ErrnoException).code ?? String(failure);
    throw new PolicyProblems([
      `ATHENS_FILTER_FILE: ${JSON.stringify(path)} cannot be read (${code}): check its path and its permissions`,
    ]);
  }
  return parseFilterFile(text, basename(path));
}
