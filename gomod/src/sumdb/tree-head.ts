// Tree heads: how many records a checksum database has, and the one hash that stands for all of them.
import { InvalidText } from "../invalid-text.ts";
import { decodeBase64, encodeBase64 } from "./base64.ts";
import { hashBytes, mostRecords } from "./tree-hash.ts";

/** A state of a database. */
export interface TreeHead {
  /** The number of records. */
  readonly size: number;
  /** The root of the tree over all of them, 32 bytes. */
  readonly hash: Uint8Array;
}

const firstLine = "go.sum database tree\n";
const mostBytes = 1_000_000;

/**
 * Reads the text of a tree note. Lines after the third are for the future and ignored. Throws `InvalidText` of kind
 * `tree head`. Authority: golang.org/x/mod/sumdb/tlog.ParseTree, except that sizes beyond 2^50 are refused.
 */
export function parseTreeHead(text: string): TreeHead {
  const refuse = (reason: string): InvalidText => new InvalidText("tree head", text, reason);
  if (!text.startsWith(firstLine))
    throw refuse("it does not begin as the head of a go.sum database");
  if (Buffer.byteLength(text) > mostBytes) throw refuse(`it is longer than ${mostBytes} bytes`);
  const [, count = "", root = "", ...rest] = text.split("\n");
  if (rest.length === 0) throw refuse("it has fewer than three lines");
  if (!/^(?:0|[1-9][0-9]*)$/.test(count)) throw refuse("its size is not a number");
  if (Number(count) > mostRecords) throw refuse("its size is beyond all measure");
  const hash = decodeBase64(root);
  if (hash?.length !== hashBytes) throw refuse("its hash is not 32 bytes in base64");
  return { size: Number(count), hash };
}

/** The text that a database signs. Authority: golang.org/x/mod/sumdb/tlog.FormatTree. */
export function formatTreeHead({ size, hash }: TreeHead): string {
  return `${firstLine}${size}\n${encodeBase64(hash)}\n`;
}
