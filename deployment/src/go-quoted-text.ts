// Strings in double or back quotes as Go writes them. Authority: strconv.Unquote.

const plainEscapes: ReadonlyMap<string, string> = new Map([
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
  ["\\", "\\"],
  ['"', '"'],
]);

const quotedPrefix =
  /^(?:`([^`]*)`|"((?:[^"\\\n]|\\(?:[abfnrtv\\"]|x[0-9a-fA-F]{2}|[0-3][0-7]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}))*)")/;

/** The string in quotes at the beginning of a text, and what follows it; `undefined` if there is none. */
export function takeQuoted(
  text: string,
): { readonly value: string; readonly rest: string } | undefined {
  const match = quotedPrefix.exec(text);
  if (match === null) return undefined;
  const [whole, raw] = match;
  return {
    value: raw === undefined ? unescaped(whole.slice(1, -1)) : raw.replaceAll("\r", ""),
    rest: text.slice(whole.length),
  };
}

/** Authority: the Go specification, "Rune literals" and "String literals". */
const pieces =
  /\\(?:x(?<hex>[0-9a-fA-F]{2})|(?<octal>[0-3][0-7]{2})|u(?<short>[0-9a-fA-F]{4})|U(?<long>[0-9a-fA-F]{8})|(?<plain>.))|(?<text>[^\\]+)/gsu;

/** `\xNN` and octal escapes are bytes, which together may be one character in UTF-8. */
function unescaped(text: string): string {
  const parts = Array.from(text.matchAll(pieces), ({ groups = {} }) => bytesOf(groups));
  return Buffer.concat(parts).toString();
}

function bytesOf(piece: Readonly<Record<string, string | undefined>>): Buffer {
  if (piece["hex"] !== undefined) return Buffer.from(piece["hex"], "hex");
  if (piece["octal"] !== undefined) return Buffer.of(Number.parseInt(piece["octal"], 8));
  const code = piece["short"] ?? piece["long"];
  if (code !== undefined) return Buffer.from(characterOf(code));
  return Buffer.from(piece["text"] ?? plainEscapes.get(piece["plain"] ?? "") ?? "");
}

function characterOf(hex: string): string {
  const code = Number.parseInt(hex, 16);
  return code > 0x10ffff || (code >= 0xd800 && code < 0xe000)
    ? "\ufffd"
    : String.fromCodePoint(code);
}
