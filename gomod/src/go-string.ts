// String literals of the Go language, which may stand in a go.mod.
import { textOf } from "./utf8.ts";

const simpleEscapes: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
  "\\": "\\",
  '"': '"',
};

/**
 * The text that a literal in double or back quotes means; `undefined` if it is malformed or more than one literal. Bytes
 * that are no UTF-8 (`"\xff"`) become U+FFFD. Authority: Go's strconv.Unquote.
 */
export function takeGoString(literal: string): string | undefined {
  const quote = literal.charAt(0);
  if (literal.length < 2 || !literal.endsWith(quote)) return undefined;
  const body = literal.slice(1, -1);
  if (quote === "`") return body.includes("`") ? undefined : body.replaceAll("\r", "");
  if (quote !== '"') return undefined;
  return /["\\\n]/.test(body) ? takeEscapesApart(body) : body;
}

function takeEscapesApart(body: string): string | undefined {
  const part =
    /\\([abfnrtv\\"])|\\x([0-9a-fA-F]{2})|\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\([0-7]{3})|[^"\\\n]+/y;
  const bytes: Uint8Array[] = [];
  while (part.lastIndex < body.length) {
    const match = part.exec(body);
    const meaning = match === null ? undefined : meaningOf(match);
    if (meaning === undefined) return undefined;
    bytes.push(meaning);
  }
  return textOf(Buffer.concat(bytes));
}

function meaningOf(match: RegExpExecArray): Uint8Array | undefined {
  const [plain, simple, hex, short, long, octal] = match;
  if (simple !== undefined) return Buffer.from(simpleEscapes[simple] ?? "");
  if (hex !== undefined) return Uint8Array.of(Number.parseInt(hex, 16));
  if (octal !== undefined) return byteOrNothing(Number.parseInt(octal, 8));
  const digits = short ?? long;
  return digits === undefined
    ? Buffer.from(plain)
    : characterOrNothing(Number.parseInt(digits, 16));
}

function byteOrNothing(value: number): Uint8Array | undefined {
  return value > 0xff ? undefined : Uint8Array.of(value);
}

function characterOrNothing(codePoint: number): Uint8Array | undefined {
  const isSurrogate = codePoint >= 0xd800 && codePoint <= 0xdfff;
  return isSurrogate || codePoint > 0x10ffff
    ? undefined
    : Buffer.from(String.fromCodePoint(codePoint));
}
