// Records of a checksum database: the go.sum lines of one module version, under a number.
import { InvalidText } from "../invalid-text.ts";
import { mostRecords } from "./tree-hash.ts";

/** What a lookup answers with. */
export interface ChecksumRecord {
  /** The record's place in the tree, from 0. */
  readonly id: number;
  /** The go.sum lines, each with its newline: what the tree's leaf is the hash of. */
  readonly text: Uint8Array;
  /** What follows the blank line: a signed tree head, or the next record. */
  readonly rest: Uint8Array;
}

const newline = 0x0a;
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Takes `<id>\n<text>\n\n<rest>` apart. Throws `InvalidText` of kind `checksum record`. Authority:
 * golang.org/x/mod/sumdb/tlog.ParseRecord, except that numbers below 0 and beyond 2^50 are refused.
 */
export function parseRecord(message: Uint8Array): ChecksumRecord {
  const bytes = Buffer.from(message.buffer, message.byteOffset, message.length);
  const refuse = (reason: string): InvalidText =>
    new InvalidText("checksum record", bytes.toString("latin1"), reason);
  const idEnd = bytes.indexOf(newline);
  const number = idEnd < 0 ? "" : bytes.subarray(0, idEnd).toString("latin1");
  if (!/^(?:\+?[0-9]+|-0+)$/.test(number))
    throw refuse("it does not begin with a number on a line");
  const id = Math.abs(Number(number));
  if (id > mostRecords) throw refuse("its number is beyond all measure");
  const end = bytes.indexOf("\n\n", idEnd + 1);
  if (end < 0) throw refuse("no blank line follows its text");
  const text = message.subarray(idEnd + 1, end + 1);
  if (!isRecordText(text))
    throw refuse("its text is not lines of UTF-8 without control characters");
  return { id, text, rest: message.subarray(end + 2) };
}

/** Writes what `parseRecord` reads, without the rest. Throws `InvalidText`. */
export function formatRecord(id: number, text: Uint8Array): Uint8Array {
  if (!isRecordText(text)) {
    const shown = Buffer.from(text).toString("latin1");
    throw new InvalidText("checksum record", shown, "its text is not lines of UTF-8");
  }
  return Buffer.concat([Buffer.from(`${id}\n`), text, Buffer.from("\n")]);
}

/** The hashes among go.sum lines that belong to a module version; absent where there is no such line. */
export function hashesIn(
  text: Uint8Array,
  { path, version }: { readonly path: string; readonly version: string },
): { readonly zip: readonly string[]; readonly mod: readonly string[] } {
  const lines = Buffer.from(text).toString("utf8").split("\n");
  const after = (prefix: string): readonly string[] =>
    lines.filter((line) => line.startsWith(prefix)).map((line) => line.slice(prefix.length));
  return { zip: after(`${path} ${version} `), mod: after(`${path} ${version}/go.mod `) };
}

/** UTF-8 lines, none of them blank but perhaps the first, and no control characters. */
function isRecordText(text: Uint8Array): boolean {
  try {
    const decoded = decoder.decode(text);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this refuses
    return decoded.endsWith("\n") && !/[\u0000-\u0009\u000b-\u001f]|\n\n/.test(decoded);
  } catch {
    return false;
  }
}
