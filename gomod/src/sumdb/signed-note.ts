// Signed notes: a text, a blank line, and signatures, one per line.
import { InvalidText } from "../invalid-text.ts";
import { decodeBase64 } from "./base64.ts";
import { isSignerName, type VerifierKey } from "./verifier-key.ts";

/** One signature line, taken apart. */
export interface NoteSignature {
  readonly name: string;
  readonly keyHash: number;
  /** The key hash and the signature, as they stood in the line. */
  readonly base64: string;
}

/** A note of which at least one signature is right. */
export interface SignedNote {
  /** What is signed, with its last newline. */
  readonly text: string;
  /** By known keys, and right. */
  readonly signatures: readonly NoteSignature[];
  /** By keys that nobody here knows. */
  readonly unverified: readonly NoteSignature[];
}

const mostSignatures = 100;
const linePrefix = "— ";
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Opens a note. Throws `InvalidText` of kind `signed note`: if it is malformed, if a known key's signature is wrong, or
 * if no known key has signed. Authority: golang.org/x/mod/sumdb/note.Open.
 */
export function openNote(bytes: Uint8Array, known: readonly VerifierKey[]): SignedNote {
  const note = noteText(bytes);
  const split = note.lastIndexOf("\n\n");
  if (split < 0) throw invalid(note, "it has no signatures below a blank line");
  const text = note.slice(0, split + 1);
  const lines = note.slice(split + 2);
  if (!lines.endsWith("\n")) throw invalid(note, "its last signature line is cut off");

  const found = lines
    .slice(0, -1)
    .split("\n")
    .map((line) => readLine(line, note));
  if (found.length > mostSignatures)
    throw invalid(note, `it has more than ${mostSignatures} lines`);
  const signed = Buffer.from(text);
  const signatures = new Map<string, NoteSignature>();
  const unverified = new Map<string, NoteSignature>();
  for (const { line, name, keyHash, base64, signature } of found) {
    const key = keyFor(name, keyHash, known, note);
    const title = titleOf(name, keyHash);
    if (key === undefined) {
      unverified.set(line, { name, keyHash, base64 });
    } else if (!signatures.has(title)) {
      if (!key.verify(signed, signature)) throw invalid(note, `the signature of ${title} is wrong`);
      signatures.set(title, { name, keyHash, base64 });
    }
  }
  if (signatures.size === 0) throw invalid(note, "no known key has signed it");
  return { text, signatures: [...signatures.values()], unverified: [...unverified.values()] };
}

function keyFor(
  name: string,
  keyHash: number,
  known: readonly VerifierKey[],
  note: string,
): VerifierKey | undefined {
  const [key, another] = known.filter((one) => one.name === name && one.keyHash === keyHash);
  if (another !== undefined) throw invalid(note, `two known keys are ${titleOf(name, keyHash)}`);
  return key;
}

function titleOf(name: string, keyHash: number): string {
  return `${name}+${keyHash.toString(16).padStart(8, "0")}`;
}

function noteText(bytes: Uint8Array): string {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw invalid(Buffer.from(bytes).toString("latin1"), "it is not UTF-8");
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this refuses
  if (/[\u0000-\u0009\u000b-\u001f]/.test(text)) {
    throw invalid(text, "it has control characters in it");
  }
  return text;
}

interface SignatureLine extends NoteSignature {
  readonly line: string;
  readonly signature: Uint8Array;
}

function readLine(line: string, note: string): SignatureLine {
  if (!line.startsWith(linePrefix)) throw invalid(note, "a signature line has no dash before it");
  const rest = line.slice(linePrefix.length);
  const space = rest.indexOf(" ");
  const name = space < 0 ? rest : rest.slice(0, space);
  const base64 = space < 0 ? "" : rest.slice(space + 1);
  const bytes = decodeBase64(base64);
  if (bytes === undefined || bytes.length < 5 || !isSignerName(name)) {
    throw invalid(note, "a signature line is not a name and base64");
  }
  const keyHash = Buffer.from(bytes).readUInt32BE(0);
  return { line, name, keyHash, base64, signature: bytes.subarray(4) };
}

function invalid(note: string, reason: string): InvalidText {
  return new InvalidText("signed note", note, reason);
}
