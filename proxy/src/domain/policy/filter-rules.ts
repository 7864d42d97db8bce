// Athens' filter file: which modules are served, refused, or to be had elsewhere.
import type { ModulePath } from "@stoa/gomod";
import { PolicyProblems } from "./policy-problems.ts";
import { parseQualifier, type Qualifier, qualifies } from "./version-qualifier.ts";

/** `+` serves, `-` refuses, `D` sends the client elsewhere. */
export type FilterAction = "include" | "exclude" | "direct";

/** One line of the file. */
interface FilterLine {
  readonly action: FilterAction;
  /** Empty: all versions. */
  readonly qualifiers: readonly Qualifier[];
  readonly number: number;
}

/** A filter: lines by the path they are about; "" stands for everything. */
export interface FilterRules {
  readonly file: string;
  readonly lines: ReadonlyMap<string, FilterLine>;
}

/** What the filter says about a module, and which line said it: `filter.txt:3`, or `no line`. */
export interface FilterDecision {
  readonly action: FilterAction;
  readonly source: string;
}

const actions: Readonly<Record<string, FilterAction>> = {
  "+": "include",
  "-": "exclude",
  D: "direct",
};

/**
 * Reads `+ path versions` lines; without versions a line is about all of them, without a path about everything. Blank
 * lines and `#` lines are passed over. Of several lines about one path the last holds. Throws `PolicyProblems` with all
 * that is wrong. Authority: gomods/athens, pkg/module/filter.go and its documentation.
 */
export function parseFilterFile(text: string, file: string): FilterRules {
  const lines = new Map<string, FilterLine>();
  const problems: string[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const words = line.trim().split(/\s+/);
    if (words[0] === "" || words[0]?.startsWith("#")) continue;
    try {
      const { path, ...rest } = parseLine(words);
      lines.set(path, { ...rest, number: index + 1 });
    } catch (failure) {
      if (!(failure instanceof SyntaxError)) throw failure;
      problems.push(`${file}:${index + 1}: ${failure.message}`);
    }
  }
  if (problems.length > 0) throw new PolicyProblems(problems);
  return { file, lines };
}

/**
 * The line about the longest prefix of the path, in whole elements, that applies to the version; else the line about
 * everything; else `include`. Without a version a line applies whatever versions it names.
 */
export function decideFilter(
  { file, lines }: FilterRules,
  path: ModulePath,
  version: string | undefined,
): FilterDecision {
  for (
    let prefix: string = path;
    ;
    prefix = prefix.slice(0, Math.max(0, prefix.lastIndexOf("/")))
  ) {
    const line = lines.get(prefix);
    if (line !== undefined && applies(line, version)) {
      return { action: line.action, source: `${file}:${line.number}` };
    }
    if (prefix === "") return { action: "include", source: "no line" };
  }
}

function parseLine(words: readonly string[]): Omit<FilterLine, "number"> & { path: string } {
  const [sign = "", path = "", versions, ...others] = words;
  const action = actions[sign];
  if (action === undefined) {
    throw new SyntaxError(
      `${JSON.stringify(sign)} is none of +, - and D, with which a line begins`,
    );
  }
  if (others.length > 0) {
    throw new SyntaxError(
      `${JSON.stringify(others[0])} is one word too many: a line is a sign, a module path and a list of versions with commas and without spaces`,
    );
  }
  const qualifiers = versions === undefined ? [] : versions.split(",").map(parseQualifier);
  return { action, path: path.replace(/^\/+|\/+$/g, ""), qualifiers };
}

function applies({ qualifiers }: FilterLine, version: string | undefined): boolean {
  if (qualifiers.length === 0 || version === undefined) return true;
  return qualifiers.some((qualifier) => qualifies(qualifier, version));
}
