// Lists of glob patterns for module paths, as GOPRIVATE and its relatives hold them.
import { InvalidText } from "./invalid-text.ts";
import { runeAt } from "./utf8.ts";

/** Whether the first elements of a module path or another name match. */
export type ModuleMatcher = (target: string) => boolean;

/**
 * Reads comma-separated patterns, each of which matches the first elements of a name, taking as many elements as it has
 * itself: `*.corp.example` matches `git.corp.example/team/tool`. Empty and malformed patterns match nothing, a slash at
 * the end of a pattern is ignored. Authority: golang.org/x/mod module.MatchPrefixPatterns.
 */
export function modulePatterns(patterns: string): ModuleMatcher {
  const matchers = patterns.split(",").flatMap((pattern) => {
    const glob = pattern.endsWith("/") ? pattern.slice(0, -1) : pattern;
    const chunks = glob === "" ? undefined : parsePattern(glob);
    return chunks === undefined ? [] : [prefixMatcher(glob, chunks)];
  });
  return (target) => matchers.some((matches) => matches(target));
}

/** The same, for patterns that are asked once. */
export function matchesModulePatterns(patterns: string, target: string): boolean {
  return modulePatterns(patterns)(target);
}

/** Throws `InvalidText` of kind `pattern` if one of comma-separated patterns is malformed, and thus would match nothing. */
export function checkModulePatterns(patterns: string): void {
  for (const pattern of patterns.split(",")) {
    if (parsePattern(pattern) === undefined) throw malformed(pattern);
  }
}

/**
 * Whether a pattern of `*`, `?`, `[a-z]`, `[^a-z]` and `\` matches a whole name; `*` and `?` stop at slashes. Throws
 * `InvalidText` of kind `pattern` if the pattern is malformed. Authority: Go's path.Match.
 */
export function pathMatch(pattern: string, name: string): boolean {
  const chunks = parsePattern(pattern);
  if (chunks === undefined) throw malformed(pattern);
  return matches(chunks, name);
}

function malformed(pattern: string): InvalidText {
  return new InvalidText("pattern", pattern, "a character class or a backslash is incomplete");
}

/** Most names differ from most patterns before the first star: that is found out without a look at the rest. */
function prefixMatcher(glob: string, chunks: readonly Chunk[]): ModuleMatcher {
  const elements = glob.split("/").length;
  const beginning = literalBeginning(chunks);
  return (target) => {
    if (!target.startsWith(beginning)) return false;
    const prefix = firstElements(target, elements);
    return prefix !== undefined && matches(chunks, prefix);
  };
}

/** The ASCII text with which every match begins. */
function literalBeginning([first]: readonly Chunk[]): string {
  if (first === undefined || first.afterStar) return "";
  const end = first.items.findIndex((item) => item.kind !== "byte" || item.byte >= 0x80);
  const items = end < 0 ? first.items : first.items.slice(0, end);
  return String.fromCharCode(...items.map((item) => (item.kind === "byte" ? item.byte : 0)));
}

function firstElements(target: string, count: number): string | undefined {
  let end = -1;
  for (let seen = 1; seen <= count; seen++) {
    end = target.indexOf("/", end + 1);
    if (end < 0) return seen === count ? target : undefined;
  }
  return target.slice(0, end);
}

/** What a pattern says between two stars. */
interface Chunk {
  readonly afterStar: boolean;
  readonly items: Item[];
}

type Item =
  | { readonly kind: "byte"; readonly byte: number }
  | { readonly kind: "any" }
  | {
      readonly kind: "class";
      readonly isNegated: boolean;
      readonly ranges: readonly (readonly [low: number, high: number])[];
    };

const slash = 0x2f;

/** `undefined` means that the pattern is malformed, which Go finds out whatever the name is. */
function parsePattern(pattern: string): readonly Chunk[] | undefined {
  const characters = Array.from(pattern);
  const chunks: Chunk[] = [];
  let chunk: Chunk | undefined;
  for (let index = 0; index < characters.length; ) {
    if (characters[index] === "*") {
      while (characters[index] === "*") index++;
      chunk = { afterStar: true, items: [] };
      chunks.push(chunk);
      continue;
    }
    if (chunk === undefined) {
      chunk = { afterStar: false, items: [] };
      chunks.push(chunk);
    }
    const next = readItem(characters, index, chunk.items);
    if (next === undefined) return undefined;
    index = next;
  }
  return chunks;
}

/** Adds what stands at `index` to `items` and returns the index behind it. */
function readItem(characters: readonly string[], index: number, items: Item[]): number | undefined {
  let character = characters[index];
  let end = index + 1;
  if (character === "?") {
    items.push({ kind: "any" });
    return end;
  }
  if (character === "[") return readClass(characters, end, items);
  if (character === "\\") {
    character = characters[end];
    end++;
  }
  if (character === undefined) return undefined;
  for (const byte of Buffer.from(character)) items.push({ kind: "byte", byte });
  return end;
}

function readClass(
  characters: readonly string[],
  start: number,
  items: Item[],
): number | undefined {
  const isNegated = characters[start] === "^";
  const ranges: (readonly [number, number])[] = [];
  let index = isNegated ? start + 1 : start;
  while (characters[index] !== "]" || ranges.length === 0) {
    const low = readClassCharacter(characters, index);
    if (low === undefined) return undefined;
    index = low.end;
    const high = characters[index] === "-" ? readClassCharacter(characters, index + 1) : low;
    if (high === undefined) return undefined;
    index = high.end;
    ranges.push([low.codePoint, high.codePoint]);
  }
  items.push({ kind: "class", isNegated, ranges });
  return index + 1;
}

function readClassCharacter(
  characters: readonly string[],
  index: number,
): { readonly codePoint: number; readonly end: number } | undefined {
  const first = characters[index];
  if (first === "-" || first === "]") return undefined;
  const at = first === "\\" ? index + 1 : index;
  const codePoint = characters[at]?.codePointAt(0);
  return codePoint === undefined ? undefined : { codePoint, end: at + 1 };
}

/** Go matches bytes, so a star may end in the middle of a character: `*[^é]` matches `é`. */
function matches(chunks: readonly Chunk[], text: string): boolean {
  const name = Buffer.from(text);
  let position = 0;
  for (const [index, chunk] of chunks.entries()) {
    if (chunk.items.length === 0) return !name.includes(slash, position);
    position = findChunk(chunk, name, position, index === chunks.length - 1);
    if (position < 0) return false;
  }
  return position === name.length;
}

/** Where the chunk ends that starts at `position` or, after a star, as soon as possible behind it; -1 if nowhere. */
function findChunk(chunk: Chunk, name: Uint8Array, position: number, isLast: boolean): number {
  for (let start = position; ; start++) {
    const end = matchItems(chunk.items, name, start);
    if (end >= 0 && (!isLast || end === name.length)) return end;
    if (!chunk.afterStar || start >= name.length || name[start] === slash) return -1;
  }
}

function matchItems(items: readonly Item[], name: Uint8Array, start: number): number {
  let position = start;
  for (const item of items) {
    const width = position < name.length ? matchItem(item, name, position) : 0;
    if (width === 0) return -1;
    position += width;
  }
  return position;
}

/** How many bytes the item takes at `position`; 0 if it does not match. */
function matchItem(item: Item, name: Uint8Array, position: number): number {
  if (item.kind === "byte") return name[position] === item.byte ? 1 : 0;
  const { codePoint, width } = runeAt(name, position);
  const isMatch = item.kind === "any" ? codePoint !== slash : isInClass(item, codePoint);
  return isMatch ? width : 0;
}

function isInClass(
  { isNegated, ranges }: Item & { readonly kind: "class" },
  codePoint: number,
): boolean {
  return ranges.some(([low, high]) => low <= codePoint && codePoint <= high) !== isNegated;
}
