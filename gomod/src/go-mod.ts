// The lines of a go.mod that a proxy must read: module, deprecation, go, and what is retracted.
import { type Block, type Line, statementsOf } from "./go-mod-statements.ts";
import { takeGoString } from "./go-string.ts";
import { InvalidText, quoted } from "./invalid-text.ts";
import { splitPathVersion } from "./module-path.ts";
import { matchesPathMajor } from "./module-version.ts";
import { compareVersions } from "./semver.ts";
import { textOf } from "./utf8.ts";
import { canonicalVersion } from "./version.ts";
import { trimSpace } from "./white-space.ts";

/** What a go.mod says about its own module. */
export interface GoMod {
  /** As written: it need not be a valid module path, nor the one by which the module was asked for. */
  readonly module: string | undefined;
  /** Why the module should no longer be used, if its author says so. */
  readonly deprecated: string | undefined;
  /** The version of the language: `1.24` or `1.24.0`. */
  readonly go: string | undefined;
  readonly retractions: readonly Retraction[];
}

/** Versions that should not be used, both ends included. */
export interface Retraction {
  /** As written, so neither is sure to be canonical, or a version at all. */
  readonly low: string;
  readonly high: string;
  /** Why, over several lines perhaps, or "". */
  readonly rationale: string;
}

/**
 * The path in the module line, "" if there is none. It looks at nothing else and never fails, so it takes a `module` in
 * the wrong place for one, and misses one in a block. Authority: golang.org/x/mod modfile.ModulePath.
 */
export function modulePathOf(goMod: string | Uint8Array): string {
  const text = toText(goMod);
  for (const [line] of text.matchAll(/[^\n]+/g)) {
    const [code = ""] = line.split("//", 1);
    const statement = trimSpace(code);
    if (!statement.startsWith("module")) continue;
    const behind = statement.slice("module".length);
    const path = trimSpace(behind);
    if (path === "" || path === behind) continue;
    return /^["`]/.test(path) ? (takeGoString(path) ?? "") : path;
  }
  return "";
}

/**
 * Reads a go.mod as the go command reads that of a dependency: lines that only matter to the main module, and those of
 * the future, are passed over. Throws `InvalidText` of kind `go.mod` where the go command fails, which includes
 * malformed `require` and `ignore` lines. Authority: golang.org/x/mod modfile.ParseLax, without a version fixer.
 */
export function parseGoMod(goMod: string | Uint8Array): GoMod {
  const text = toText(goMod);
  const refuse = (reason: string) => new InvalidText("go.mod", text, reason);
  const directives = statementsOf(text).flatMap(directivesOf);
  const named = (verb: string) => directives.filter((directive) => directive.verb === verb);

  for (const { args } of named("require")) checkRequirement(args, refuse);
  for (const { args } of named("ignore")) parseOnlyString("ignore", args, refuse);
  const [module, secondModule] = named("module");
  if (secondModule !== undefined) throw refuse("it has two module lines");
  const [go, secondGo] = named("go");
  if (secondGo !== undefined) throw refuse("it has two go lines");
  return {
    module: module && parseOnlyString("module", module.args, refuse),
    deprecated: module && deprecationIn(module.comment),
    go: go && parseGoVersion(go.args, refuse),
    retractions: named("retract").flatMap(({ args, comment }) => retractionIn(args, comment)),
  };
}

/** The retractions that cover a version. Authority: cmd/go modload CheckRetractions. */
export function retractionsOf(version: string, retractions: readonly Retraction[]): Retraction[] {
  return retractions.filter(
    ({ low, high }) => compareVersions(low, version) <= 0 && compareVersions(version, high) <= 0,
  );
}

type Refusal = (reason: string) => InvalidText;

/** A verb and its arguments, from a line of its own or a line of a block. */
interface Directive {
  readonly verb: string;
  readonly args: readonly string[];
  readonly comment: string;
}

/** The verbs that the go command reads in blocks of a dependency's go.mod. */
const blockVerbs = new Set(["module", "require", "retract", "ignore"]);

function toText(goMod: string | Uint8Array): string {
  return typeof goMod === "string" ? goMod.toWellFormed() : textOf(goMod);
}

function directivesOf(statement: Line | Block): readonly Directive[] {
  const [verb = "", ...args] = statement.words;
  if (!("lines" in statement)) return [{ verb, args, comment: commentOf(statement) }];
  if (args.length > 0 || !blockVerbs.has(verb)) return [];
  const shared = commentOf(statement);
  return statement.lines.map((line) => {
    const { above, behind } = line.comments;
    const hasOwn = above.length > 0 || behind.length > 0;
    return { verb, args: line.words, comment: hasOwn ? commentOf(line) : shared };
  });
}

/** The comments above and behind as one text without slashes. Authority: modfile, parseDirectiveComment. */
function commentOf({ comments: { above, behind } }: Line): string {
  return [...above, ...behind]
    .filter((comment) => comment !== "")
    .map((comment) => trimSpace(comment.slice("//".length)))
    .join("\n");
}

/** The first paragraph that starts with `Deprecated:`. Authority: modfile, parseDeprecation. */
function deprecationIn(comment: string): string | undefined {
  const message = /(?:^|\n\n)Deprecated: *(.*?)(?:$|\n\n)/s.exec(comment)?.[1];
  return message === "" ? undefined : message;
}

/** An old go.mod may say `1.12.x` or `v1.13beta`, which counts by its first two numbers. */
function parseGoVersion(args: readonly string[], refuse: Refusal): string {
  const [version, ...more] = args;
  if (version === undefined || more.length > 0) throw refuse("a go line has one version");
  if (/^[1-9][0-9]*\.(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))?(?:[a-z]+[0-9]+)?$/.test(version)) {
    return version;
  }
  const start = /^v?([1-9][0-9]*\.(?:0|[1-9][0-9]*))[^0-9]/.exec(version)?.[1];
  if (start === undefined) throw refuse(`${quoted(version)} is no go version like 1.24.0`);
  return start;
}

/** Forms that the go command may learn in the future are passed over. */
function retractionIn(args: readonly string[], rationale: string): readonly Retraction[] {
  const [first, low, comma, high, close] = args;
  const ends = first !== "[" ? [first, first] : comma === "," && close === "]" ? [low, high] : [];
  const [from, to] = ends.map((end) => (end === undefined ? undefined : takeString(end)));
  if (first === "(" || from === undefined || to === undefined) return [];
  return [{ low: from, high: to, rationale }];
}

/** The go command refuses a go.mod that requires what cannot exist. */
function checkRequirement(args: readonly string[], refuse: Refusal): void {
  const [path, version] = args.map(takeString);
  if (args.length !== 2 || path === undefined || version === undefined) {
    throw refuse("a require line has a module path and a version");
  }
  const canonical = canonicalVersion(version);
  if (canonical === "") throw refuse(`${quoted(version)} is no version like v1.2.3`);
  const split = splitPathVersion(path);
  if (split === undefined || !matchesPathMajor(canonical, split.pathMajor)) {
    throw refuse(`the module ${quoted(path)} cannot have the version ${quoted(version)}`);
  }
}

function parseOnlyString(verb: string, args: readonly string[], refuse: Refusal): string {
  const [text, ...more] = args.map(takeString);
  if (text === undefined || more.length > 0) throw refuse(`a ${verb} line has one argument`);
  return text;
}

/** The text of a word, without its quotes if it has any. Authority: modfile, parseString. */
export function takeString(word: string): string | undefined {
  if (word.startsWith('"')) return takeGoString(word);
  return /["'`]/.test(word) ? undefined : word;
}
