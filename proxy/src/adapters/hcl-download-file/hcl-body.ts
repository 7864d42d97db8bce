// Attributes and blocks: the structure of HCL's native syntax.
import { HclProblem } from "./hcl-source.ts";
import { type Token, tokensOf } from "./hcl-tokens.ts";

/** A text of the file and where it stands. */
export interface HclText {
  readonly value: string;
  readonly at: number;
}

/** What stands between braces, or in the whole file. */
export interface HclBody {
  /** By name; each occurs once. */
  readonly attributes: ReadonlyMap<string, { readonly at: number; readonly value: HclText }>;
  /** In the order of the file. */
  readonly blocks: readonly HclBlock[];
}

export interface HclBlock {
  readonly type: string;
  readonly at: number;
  readonly labels: readonly HclText[];
  readonly body: HclBody;
}

/**
 * Reads a text. Values must be quoted texts: HCL knows more, but nothing else can be a mode or a URL. Throws `HclProblem`
 * at the first thing that cannot be understood. Authority: hashicorp/hcl, hclsyntax/spec.md, "Structural Elements".
 */
export function parseHcl(text: string): HclBody {
  const reader = new BodyReader(text.startsWith("\ufeff") ? ` ${text.slice(1)}` : text);
  return reader.body(undefined);
}

/** How deep blocks may lie in one another: far deeper than they make sense, and far from where recursion ends. */
const mostNested = 100;

class BodyReader {
  readonly #tokens: readonly Token[];
  #index = 0;
  #nested = 0;

  constructor(text: string) {
    this.#tokens = [...tokensOf(text)];
  }

  /** Everything up to the end of the text, or up to the brace that closes the one at `opened`; that brace is taken. */
  body(opened: Token | undefined): HclBody {
    const attributes = new Map<string, { at: number; value: HclText }>();
    const blocks: HclBlock[] = [];
    for (;;) {
      const token = this.#next();
      if (token.kind === "newline") continue;
      const isEnd = opened === undefined ? token.kind === "end" : isSign(token, "}");
      if (isEnd) return { attributes, blocks };
      const name = requireName(token, opened);
      if (isSign(this.#peek(), "=")) {
        this.#attribute(name, attributes);
        this.#lineEnd(name.text);
      } else {
        blocks.push(this.#block(name));
        this.#lineEnd("}");
      }
    }
  }

  #attribute(name: Token, attributes: Map<string, { at: number; value: HclText }>): void {
    const known = attributes.has(name.text);
    this.#next();
    if (known) throw new HclProblem(name.at, `${name.text} is set for the second time here`);
    attributes.set(name.text, { at: name.at, value: this.#value(name) });
  }

  #value(name: Token): HclText {
    const token = this.#next();
    if (token.kind !== "quoted") {
      const what =
        token.kind === "sign" || token.kind === "name" ? JSON.stringify(token.text) : "nothing";
      throw new HclProblem(
        token.at,
        `the value of ${name.text} should be a text in quotes, and ${what} is none`,
      );
    }
    return plainText(token);
  }

  #block(type: Token): HclBlock {
    const labels: HclText[] = [];
    let token = this.#next();
    for (; !isSign(token, "{"); token = this.#next()) labels.push(labelAt(token, type));
    this.#nested += 1;
    if (this.#nested > mostNested) {
      throw new HclProblem(type.at, `${type.text} lies in more than ${mostNested} other blocks`);
    }
    const body = this.#peek().kind === "newline" ? this.body(token) : this.#bodyOnOneLine();
    this.#nested -= 1;
    return { type: type.text, at: type.at, labels, body };
  }

  /** `{ name = "value" }`: nothing, or a single attribute. */
  #bodyOnOneLine(): HclBody {
    const attributes = new Map<string, { at: number; value: HclText }>();
    let token = this.#next();
    if (token.kind === "name" && isSign(this.#peek(), "=")) {
      this.#attribute(token, attributes);
      token = this.#next();
    }
    if (isSign(token, "}")) return { attributes, blocks: [] };
    throw new HclProblem(
      token.at,
      `on the line of a { there is room for one attribute and a }, but not for ${nameOf(token)}: begin a new line after the {`,
    );
  }

  #lineEnd(after: string): void {
    const token = this.#next();
    if (token.kind === "newline" || token.kind === "end") return;
    throw new HclProblem(
      token.at,
      `${nameOf(token)} must stand on a line of its own, not behind ${after}`,
    );
  }

  #next(): Token {
    const token = this.#peek();
    if (token.kind !== "end") this.#index += 1;
    return token;
  }

  #peek(): Token {
    const token = this.#tokens[this.#index];
    if (token === undefined) throw new Error("the text has no end");
    return token;
  }
}

function plainText(token: Token & { kind: "quoted" }): HclText {
  if (token.templateAt >= 0) {
    throw new HclProblem(
      token.templateAt,
      `${token.text} has a template in it, and there is nothing to fill in; \${ is written $\${`,
    );
  }
  return { value: token.value, at: token.at };
}

function labelAt(token: Token, type: Token): HclText {
  if (token.kind === "quoted") return plainText(token);
  if (token.kind === "name") return { value: token.text, at: token.at };
  throw new HclProblem(
    token.at,
    `after ${type.text} comes a = or, for a block, a {, but not ${nameOf(token)}`,
  );
}

function requireName(token: Token, opened: Token | undefined): Token {
  if (token.kind === "name") return token;
  if (token.kind === "end" && opened !== undefined) {
    throw new HclProblem(opened.at, "this { is not closed with a } before the file ends");
  }
  throw new HclProblem(
    token.at,
    `a line begins with the name of an attribute or of a block, not with ${nameOf(token)}`,
  );
}

function isSign(token: Token, sign: string): boolean {
  return token.kind === "sign" && token.text === sign;
}

function nameOf(token: Token): string {
  if (token.kind === "end") return "the end of the file";
  return token.kind === "newline" ? "the end of the line" : token.text;
}
