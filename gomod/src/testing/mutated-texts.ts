// Texts for fuzzing: sound ones, damaged by chance that a seed repeats.

/** What texts are made from. */
export interface TextMaterial {
  /** Texts worth damaging: valid ones and those that have once been trouble. */
  readonly corpus: readonly string[];
  /** Pieces worth inserting. */
  readonly pieces: readonly string[];
}

/** An endless supply of texts near those of a corpus. The same seed gives the same texts. */
export class MutatedTexts {
  readonly #material: TextMaterial;
  #state: number;

  constructor(seed: number, material: TextMaterial) {
    this.#state = seed >>> 0;
    this.#material = material;
  }

  /** A text of the corpus after none to four mutations. */
  next(): string {
    let text = this.#oneOf(this.#material.corpus);
    for (let count = this.below(5); count > 0; count--) text = this.#mutated(text);
    return text.toWellFormed();
  }

  /** Several texts, often close to one another, so that sorting and comparing them is hard. */
  list(length: number): readonly string[] {
    const kin = this.next();
    return Array.from({ length }, () =>
      (this.below(2) === 0 ? this.next() : this.#mutated(kin)).toWellFormed(),
    );
  }

  /** A whole number of at least 0 and below `end` (mulberry32). */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
  }

  #mutated(text: string): string {
    const place = this.below(text.length + 1);
    const other = this.below(text.length + 1);
    const [from, to] = place < other ? [place, other] : [other, place];
    const piece = this.#oneOf(this.#material.pieces);
    switch (this.below(8)) {
      case 0:
        return text.slice(0, from) + text.slice(to);
      case 1:
        return text.slice(0, from) + text.slice(from + 1);
      case 2:
        return text.slice(0, to) + text.slice(from);
      case 3:
        return text.slice(0, from) + piece + text.slice(from + 1);
      case 4:
        return text.slice(0, from) + this.#oneOf(this.#material.corpus).slice(to);
      case 5:
        return text + piece;
      default:
        return text.slice(0, from) + piece + text.slice(from);
    }
  }

  #oneOf(texts: readonly string[]): string {
    return texts[this.below(texts.length)] ?? "";
  }
}
