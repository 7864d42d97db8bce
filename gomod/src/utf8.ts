// UTF-8 as Go reads it: every byte that fits nowhere is one U+FFFD, where web decoders replace whole runs.

/** A character of a byte sequence. */
export interface Rune {
  readonly codePoint: number;
  /** How many bytes it takes; 1 for a byte that fits nowhere. */
  readonly width: number;
}

const misfit = { codePoint: 0xfffd, width: 1 };
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of some bytes. A byte order mark stays in it. Authority: Go's conversion of bytes to runes. */
export function textOf(bytes: Uint8Array): string {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return lenientTextOf(bytes);
  }
}

/** The character that starts at a byte. Authority: Go's utf8.DecodeRune. */
export function runeAt(bytes: Uint8Array, index: number): Rune {
  const first = bytes[index] ?? 0;
  if (first < 0x80) return { codePoint: first, width: 1 };
  const width = widthFrom(first);
  let codePoint = first & (0x7f >> width);
  for (let offset = 1; offset < width; offset++) {
    const next = bytes[index + offset] ?? 0;
    if ((next & 0xc0) !== 0x80) return misfit;
    codePoint = (codePoint << 6) | (next & 0x3f);
  }
  return width > 1 && isEncodedInBytes(codePoint, width) ? { codePoint, width } : misfit;
}

/** How many bytes a character has by its first; 1 if none starts so. */
function widthFrom(first: number): number {
  if (first < 0xc0 || first > 0xf4) return 1;
  return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/** Whether a character needs so many bytes and may be written at all. */
function isEncodedInBytes(codePoint: number, width: number): boolean {
  const isSurrogate = codePoint >= 0xd800 && codePoint <= 0xdfff;
  const isShorter = codePoint < (width === 2 ? 0x80 : width === 3 ? 0x800 : 0x10000);
  return !isSurrogate && !isShorter && codePoint <= 0x10ffff;
}

function lenientTextOf(bytes: Uint8Array): string {
  const characters: string[] = [];
  for (let index = 0; index < bytes.length; ) {
    const { codePoint, width } = runeAt(bytes, index);
    characters.push(String.fromCodePoint(codePoint));
    index += width;
  }
  return characters.join("");
}
