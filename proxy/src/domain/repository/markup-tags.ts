// The tags of a web page, read leniently.

/** A start tag with its attributes, or an end tag. */
export interface MarkupTag {
  /** In lower case, without a namespace. */
  readonly name: string;
  readonly isEnd: boolean;
  /** By names in lower case; the first of several counts. */
  readonly attributes: ReadonlyMap<string, string>;
}

/** What stands between tags and is none: comments, CDATA sections, processing instructions, declarations. */
const passedOver: readonly (readonly [start: string, end: string])[] = [
  ["<!--", "-->"],
  ["<![CDATA[", "]]>"],
  ["<?", "?>"],
  ["<!", ">"],
];
const tagStart = /<(\/?)([^\s<>/=!?"'&]+)\s*/y;
const attribute = /([^\s<>/="'&]+)\s*(?:=\s*(?:"([^"<]*)"|'([^'<]*)'|([\w:-]*)))?\s*/y;
const tagEnd = /\/?>/y;

/**
 * The tags in their order, up to the first place that is no markup: a page may hold scripts, and what matters comes
 * before them. Authority: Go's encoding/xml Decoder.RawToken, not strict.
 */
export function* startAndEndTags(page: string): Generator<MarkupTag> {
  let position = 0;
  for (;;) {
    position = page.indexOf("<", position);
    if (position < 0) return;
    const other = passedOver.find(([start]) => page.startsWith(start, position));
    if (other !== undefined) {
      const end = page.indexOf(other[1], position + other[0].length);
      if (end < 0) return;
      position = end + other[1].length;
      continue;
    }
    const read = readTag(page, position);
    if (read === undefined) return;
    yield read.tag;
    position = read.end;
  }
}

function readTag(
  page: string,
  start: number,
): { readonly tag: MarkupTag; readonly end: number } | undefined {
  tagStart.lastIndex = start;
  const opened = tagStart.exec(page);
  if (opened === null) return undefined;
  let position = tagStart.lastIndex;
  const attributes = new Map<string, string>();
  for (;;) {
    tagEnd.lastIndex = position;
    if (tagEnd.test(page)) {
      const name = localName(opened[2] ?? "");
      return { tag: { name, isEnd: opened[1] === "/", attributes }, end: tagEnd.lastIndex };
    }
    attribute.lastIndex = position;
    const found = attribute.exec(page);
    if (found === null) return undefined;
    position = attribute.lastIndex;
    const [, written = "", double, single, bare] = found;
    const name = localName(written);
    const value = double ?? single ?? bare ?? written;
    if (!attributes.has(name)) attributes.set(name, withoutEntities(value));
  }
}

function localName(name: string): string {
  return name.replace(/^[^:]+:(?=[^:]+$)/, "").toLowerCase();
}

const entities: Readonly<Record<string, string>> = {
  lt: "<",
  gt: ">",
  amp: "&",
  apos: "'",
  quot: '"',
};

/** Entities that are not known stay as they are. */
function withoutEntities(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g, (written, decimal, hex, name) => {
    if (name !== undefined) return entities[name] ?? written;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : written;
  });
}
