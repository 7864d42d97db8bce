// The tokens of a go.mod file: words, ends of lines and comments.
import { InvalidText, quoted } from "./invalid-text.ts";
import { youngCharacter } from "./unicode-age.ts";
import { trimSpace } from "./white-space.ts";

/** A piece of a go.mod. */
export interface Token {
  /**
   * A `word` is also a string with its quotes, or one of `( ) [ ] { } ,`. A `comment` has its line to itself, a `tail` is
   * a comment behind something; both take the end of their line with them, so no `newline` follows.
   */
  readonly kind: "word" | "newline" | "comment" | "tail" | "end";
  /** Of a comment: with its slashes, without the end of the line. */
  readonly text: string;
  /** The offsets of the first UTF-16 unit and of the one behind the last. */
  readonly start: number;
  readonly end: number;
  /** The lines, counted from 0, on which it starts and ends; only a string can span several. */
  readonly startLine: number;
  readonly endLine: number;
}

/**
 * Takes a go.mod apart; the last token is the `end`. Throws `InvalidText` of kind `go.mod`. Time grows with the length.
 * Authority: golang.org/x/mod/modfile, readToken.
 */
export function tokensOf(text: string): readonly Token[] {
  const scanner = new Scanner(text);
  const tokens: Token[] = [];
  for (let token = scanner.next(); ; token = scanner.next()) {
    tokens.push(token);
    if (token.kind === "end") return tokens;
  }
}

const punctuation = "()[]{},";

/** What Go can print, as far as this runtime knows; a space is printable but never part of a word. */
const printable = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u;

class Scanner {
  readonly #text: string;
  #position = 0;
  #line = 0;

  constructor(text: string) {
    this.#text = text;
  }

  next(): Token {
    while (isBlank(this.#text[this.#position])) this.#position++;
    const first = this.#text[this.#position];
    if (first === undefined) return this.#token("end", this.#position, this.#line);
    if (first === "\n") return this.#token("newline", this.#position + 1, this.#line);
    if (this.#startsComment(this.#position)) return this.#comment();
    if (first === '"' || first === "`") return this.#string(first);
    if (punctuation.includes(first)) return this.#token("word", this.#position + 1, this.#line);
    return this.#word();
  }

  #comment(): Token {
    const start = this.#position;
    const before = this.#text.slice(this.#text.lastIndexOf("\n", start) + 1, start);
    const kind = trimSpace(before) === "" ? "comment" : "tail";
    const newline = this.#text.indexOf("\n", start);
    const token = this.#token(kind, newline < 0 ? this.#text.length : newline + 1, this.#line);
    if (newline < 0) return token;
    const end = this.#text[newline - 1] === "\r" ? newline - 1 : newline;
    return { ...token, text: this.#text.slice(start, end) };
  }

  #string(quote: string): Token {
    let endLine = this.#line;
    let end = this.#position + 1;
    for (; this.#text[end] !== quote; end++) {
      if (this.#text[end] === "\n") throw this.#invalid("a string runs over the end of its line");
      // Whatever follows a backslash belongs to the string, even a newline.
      if (this.#text[end] === "\\" && quote === '"') end++;
      if (this.#text[end] === "\n") endLine++;
      if (end >= this.#text.length) throw this.#invalid("a string has no end");
    }
    return this.#token("word", end + 1, endLine);
  }

  #word(): Token {
    let end = this.#position;
    while (!this.#startsComment(end)) {
      const width = wordWidth(this.#text, end);
      if (width === 0) break;
      end += width;
    }
    if (end > this.#position) return this.#token("word", end, this.#line);
    const strange = String.fromCodePoint(this.#text.codePointAt(end) ?? 0);
    throw this.#invalid(`the character ${quoted(strange)} is not allowed`);
  }

  #startsComment(position: number): boolean {
    if (this.#text[position] !== "/") return false;
    const next = this.#text[position + 1];
    if (next === "*") throw this.#invalid("comments start with //, not with /*");
    return next === "/";
  }

  /** The token from here to `end`; moves behind it. */
  #token(kind: Token["kind"], end: number, endLine: number): Token {
    const start = this.#position;
    const startLine = this.#line;
    this.#position = end;
    this.#line = kind === "word" || kind === "end" ? endLine : endLine + 1;
    return { kind, text: this.#text.slice(start, end), start, end, startLine, endLine };
  }

  #invalid(reason: string): InvalidText {
    return new InvalidText("go.mod", this.#text, `line ${this.#line + 1}: ${reason}`);
  }
}

function isBlank(character: string | undefined): boolean {
  return character === " " || character === "\t" || character === "\r";
}

/** How many UTF-16 units the character at `position` adds to a word; 0 if none. */
function wordWidth(text: string, position: number): number {
  const codePoint = text.codePointAt(position) ?? 0;
  if (codePoint < 0x80) {
    const isVisible = codePoint > 0x20 && codePoint < 0x7f;
    return isVisible && !punctuation.includes(text.charAt(position)) ? 1 : 0;
  }
  const character = String.fromCodePoint(codePoint);
  return printable.test(character) && !youngCharacter.test(character) ? character.length : 0;
}
