// The members of a JSON object as they stand in the text; JSON.parse forgets their order where a name comes twice.

/** A name and its value. */
export interface Member {
  readonly name: string;
  /** The value as it is written. */
  readonly source: string;
}

/** The members of an object, repeated names included; `undefined` if the text is JSON but no object. Throws `SyntaxError`. */
export function membersOf(json: string): readonly Member[] | undefined {
  const value: unknown = JSON.parse(json);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  if (Object.keys(value).length === 0) return [];

  const places = outerPunctuation(json);
  const between = (index: number) => json.slice((places[index] ?? 0) + 1, places[index + 1]);
  return Array.from({ length: (places.length - 1) / 2 }, (_, index) => ({
    name: String(JSON.parse(between(2 * index))),
    source: between(2 * index + 1).trim(),
  }));
}

/** How deep the punctuation of the object itself stands, where that of values stands deeper. */
const outerDepths = new Map([
  ["{", 0],
  [":", 1],
  [",", 1],
  ["}", 0],
]);

/** Where the punctuation of the object itself stands; the text is known to be JSON. */
function outerPunctuation(json: string): readonly number[] {
  const places: number[] = [];
  let depth = 0;
  for (const { character, index } of punctuation(json)) {
    if ("]}".includes(character)) depth--;
    if (depth === outerDepths.get(character)) places.push(index);
    if ("[{".includes(character)) depth++;
  }
  return places;
}

function* punctuation(
  json: string,
): Iterable<{ readonly character: string; readonly index: number }> {
  for (let index = 0; index < json.length; index++) {
    const character = json.charAt(index);
    if (character === '"') index = endOfString(json, index);
    if ("{[:,]}".includes(character)) yield { character, index };
  }
}

/** Where the quote that ends a string stands. */
function endOfString(json: string, start: number): number {
  let index = start + 1;
  while (json[index] !== '"') index += json[index] === "\\" ? 2 : 1;
  return index;
}
