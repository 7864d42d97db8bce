// A text in HCL, and where in it something stands.

/** A place in the text that cannot be understood. The sentence names the text that stands there. */
export class HclProblem extends Error {
  readonly offset: number;

  constructor(offset: number, sentence: string) {
    super(sentence);
    this.name = "HclProblem";
    this.offset = offset;
  }
}

const characters = new Intl.Segmenter("en", { granularity: "grapheme" });

/**
 * Line and column of an offset, both counted from 1, the column in characters as they are seen.
 * Authority: hashicorp/hcl, hcl.Pos.
 */
export function positionAt(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split("\n");
  const beginning = before.at(-1) ?? "";
  return { line: before.length, column: [...characters.segment(beginning)].length + 1 };
}
