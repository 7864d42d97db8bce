// The words of HCL's native syntax, as far as a download file needs them.
import { HclProblem } from "./hcl-source.ts";

/** A word and where it begins. `value` is what a quoted text means. */
export type Token =
  | {
      readonly kind: "name" | "sign" | "newline" | "end";
      readonly text: string;
      readonly at: number;
    }
  | {
      readonly kind: "quoted";
      readonly text: string;
      readonly at: number;
      readonly value: string;
      /** Where the first `${` or `%{` stands; -1 if there is none. */
      readonly templateAt: number;
    };

const blanks = /(?:[ \t]|\/\*[\s\S]*?\*\/)+/y;
const lineEnd = /(?:#|\/\/)[^\n]*(?:\n|$)|\r?\n/y;
const name = /[\p{ID_Start}_][\p{ID_Continue}-]*/uy;
const heredoc = /<<-?[\p{ID_Start}_]/uy;
const otherWord = /[^\s"{}=#]+|[\s\S]/y;

/**
 * Takes a text apart. Throws `HclProblem`. Authority: hashicorp/hcl, hclsyntax/spec.md, "Lexical Elements" and
 * "Quoted Template Expression".
 */
export function* tokensOf(text: string): Generator<Token, undefined> {
  for (let at = 0; at < text.length; ) {
    const skipped = matchAt(blanks, text, at) ?? "";
    at += skipped.length;
    if (at >= text.length) break;
    const token = tokenAt(text, at);
    yield token;
    at += token.text.length;
  }
  yield { kind: "end", text: "", at: text.length };
}

function tokenAt(text: string, at: number): Token {
  const ended = matchAt(lineEnd, text, at);
  if (ended !== undefined) return { kind: "newline", text: ended, at };
  const named = matchAt(name, text, at);
  if (named !== undefined) return { kind: "name", text: named, at };
  if (text[at] === '"') return quotedAt(text, at);
  if (matchAt(heredoc, text, at) !== undefined) {
    throw new HclProblem(
      at,
      "a heredoc (<<) ends in a line break, which no mode and no URL may: write it in quotes",
    );
  }
  if (text.startsWith("/*", at)) throw new HclProblem(at, "this comment (/*) is not closed");
  const sign = "{}=".includes(text[at] ?? "")
    ? (text[at] ?? "")
    : (matchAt(otherWord, text, at) ?? "");
  return { kind: "sign", text: sign, at };
}

const escapes: Readonly<Record<string, string>> = {
  n: "\n",
  r: "\r",
  t: "\t",
  '"': '"',
  "\\": "\\",
};

/** A piece of a quoted text: an escape, the opening of a template, an escaped one, or anything else. */
const piece = /\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})|\\([\s\S])|([$%])\4\{|([$%]\{)|([^\\"\n])/uy;

function quotedAt(text: string, start: number): Token {
  let value = "";
  let templateAt = -1;
  for (let at = start + 1; ; ) {
    if (text[at] === '"') {
      return { kind: "quoted", text: text.slice(start, at + 1), at: start, value, templateAt };
    }
    piece.lastIndex = at;
    const found = piece.exec(text);
    if (found === null) {
      throw new HclProblem(start, `${shown(text, start)} has no closing quote on its line`);
    }
    if (found[5] !== undefined && templateAt < 0) templateAt = at;
    value += meaningOf(found, at);
    at += found[0].length;
  }
}

function meaningOf(found: RegExpExecArray, at: number): string {
  const [whole, short, long, escaped, doubled] = found;
  const digits = short ?? long;
  if (digits !== undefined) {
    const codePoint = Number.parseInt(digits, 16);
    if (codePoint > 0x10ffff) throw new HclProblem(at, `${whole} is no character of Unicode`);
    return String.fromCodePoint(codePoint);
  }
  if (escaped !== undefined) {
    const meaning = escapes[escaped];
    if (meaning === undefined) {
      throw new HclProblem(
        at,
        `${JSON.stringify(`\\${escaped}`)} is no escape; there are \\n, \\r, \\t, \\", \\\\, \\uNNNN and \\UNNNNNNNN`,
      );
    }
    return meaning;
  }
  return doubled === undefined ? whole : `${doubled}{`;
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

/** The rest of a line, for people. */
function shown(text: string, at: number): string {
  return text.slice(at, at + 60).split(/\r?\n/)[0] ?? "";
}
