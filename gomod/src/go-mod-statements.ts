// The statements of a go.mod file: lines, blocks of lines, and the comments that belong to them.
import { type Token, tokensOf } from "./go-mod-tokens.ts";
import { InvalidText } from "./invalid-text.ts";

/** The words of one line, alone or in a block. */
export interface Line {
  readonly words: readonly string[];
  readonly comments: Comments;
}

/** `words ( lines )`, the parentheses on lines of their own. */
export interface Block extends Line {
  readonly lines: readonly Line[];
}

/** Comments with their slashes. */
export interface Comments {
  /** On the lines above, without a blank line between; in a block "" stands for blank lines. */
  readonly above: readonly string[];
  /** Behind it on its own line. */
  readonly behind: readonly string[];
}

/**
 * The statements of a go.mod in their order. Throws `InvalidText` of kind `go.mod`.
 * Authority: golang.org/x/mod/modfile, parse.
 */
export function statementsOf(text: string): readonly (Line | Block)[] {
  return new Parser(text).file();
}

/** Something on which comments may follow on the same line. */
interface Place {
  readonly startLine: number;
  readonly endLine: number;
  readonly end: number;
  readonly behind: string[];
}

class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #index = 0;
  /** In the order of their ends; what encloses others comes after them. */
  readonly #places: Place[] = [];

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokensOf(text);
  }

  file(): readonly (Line | Block)[] {
    const statements: (Line | Block)[] = [];
    let comments: Token[] = [];
    for (let token = this.#peek(); token.kind !== "end"; token = this.#peek()) {
      if (token.kind === "comment") {
        comments.push(this.#take());
        continue;
      }
      if (token.kind === "newline") {
        this.#standAlone(comments);
        this.#take();
      } else {
        statements.push(this.#statement(comments.map(({ text }) => text)));
      }
      comments = [];
    }
    this.#standAlone(comments);
    this.#giveOutTails();
    return statements;
  }

  /** Comments with a blank line below belong to nothing, but can catch comments that no statement takes. */
  #standAlone([first]: readonly Token[]): void {
    if (first !== undefined) this.#place(first, { ...first, end: first.start });
  }

  #statement(above: readonly string[]): Line | Block {
    const first = this.#take();
    const words = [first.text];
    for (let last = first; ; ) {
      const token = this.#take();
      if (endsLine(token)) return { words, comments: { above, behind: this.#place(first, last) } };
      if (token.text === "(" && this.#opensBlock()) {
        const lines = this.#lines(token);
        const close = this.#take();
        this.#take();
        this.#place(close, close);
        return { words, lines, comments: { above, behind: this.#place(first, close) } };
      }
      words.push(token.text);
      last = token;
    }
  }

  /** Whether the parenthesis that was just taken is the last of its line, or has its counterpart there. */
  #opensBlock(): boolean {
    const behind = this.#tokens[this.#index + 1];
    if (this.#peek().text === ")" && behind !== undefined && endsLine(behind)) return true;
    return endsLine(this.#peek());
  }

  /** The lines of a block, up to its closing parenthesis. */
  #lines(open: Token): readonly Line[] {
    this.#place(open, open);
    const lines: Line[] = [];
    let above: string[] = [];
    for (let token = this.#peek(); token.text !== ")"; token = this.#peek()) {
      if (token.kind === "end") throw this.#invalid(open, "the block has no closing parenthesis");
      if (token.kind === "word") {
        lines.push(this.#line(above));
        above = [];
        continue;
      }
      this.#take();
      if (token.kind === "comment") above.push(token.text);
      if (token.kind === "newline" && !isBlank(above, lines)) above.push("");
    }
    const behind = this.#tokens[this.#index + 1];
    if (behind !== undefined && !endsLine(behind)) {
      throw this.#invalid(behind, "after a closing parenthesis the line must end");
    }
    return lines;
  }

  #line(above: readonly string[]): Line {
    const first = this.#take();
    const words = [first.text];
    let last = first;
    for (let token = this.#take(); !endsLine(token); token = this.#take()) {
      words.push(token.text);
      last = token;
    }
    return { words, comments: { above, behind: this.#place(first, last) } };
  }

  /** Notes a place for comments and returns the list that they will be in. */
  #place({ startLine }: Token, { endLine, end }: Token): readonly string[] {
    const behind: string[] = [];
    this.#places.push({ startLine, endLine, end, behind });
    return behind;
  }

  /** Gives every comment behind something to the last place that ends before it and is on one line. */
  #giveOutTails(): void {
    const tails = this.#tokens.filter(({ kind }) => kind === "tail");
    for (const { startLine, endLine, end, behind } of this.#places.toReversed()) {
      if (startLine !== endLine) continue;
      for (let tail = tails.at(-1); tail !== undefined && end <= tail.start; tail = tails.at(-1)) {
        behind.push(tail.text);
        tails.pop();
      }
      behind.reverse();
    }
  }

  #take(): Token {
    const token = this.#peek();
    this.#index++;
    return token;
  }

  /** The next token; the `end` again and again when all are taken. */
  #peek(): Token {
    const token = this.#tokens[this.#index] ?? this.#tokens.at(-1);
    if (token === undefined) throw new Error("a go.mod has no tokens, not even its end");
    return token;
  }

  #invalid({ startLine }: Token, reason: string): InvalidText {
    return new InvalidText("go.mod", this.#text, `line ${startLine + 1}: ${reason}`);
  }
}

function endsLine({ kind }: Token): boolean {
  return kind === "newline" || kind === "tail" || kind === "end";
}

/** Whether another blank line at this place of a block would make no difference. */
function isBlank(above: readonly string[], lines: readonly Line[]): boolean {
  return above.length === 0 ? lines.length === 0 : above.at(-1) === "";
}
