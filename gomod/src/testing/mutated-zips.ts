// Zip archives for fuzzing: those of a corpus, damaged by chance that a seed repeats.
import { RandomNumbers } from "./random-numbers.ts";

/** Numbers at which counting goes wrong. */
const edges = [0, 1, 2, 7, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff] as const;
const record = Buffer.from("PK", "latin1");

/** An endless supply of archives near those of a corpus. The same seed gives the same archives. */
export class MutatedZips {
  readonly #random: RandomNumbers;
  readonly #corpus: readonly [Uint8Array, ...Uint8Array[]];

  constructor(seed: number, corpus: readonly [Uint8Array, ...Uint8Array[]]) {
    this.#random = new RandomNumbers(seed);
    this.#corpus = corpus;
  }

  /** An archive of the corpus after one to three mutations. */
  next(): Buffer {
    let bytes: Buffer = Buffer.from(this.#random.oneOf(this.#corpus));
    for (let left = 1 + this.#random.below(3); left > 0; left--) bytes = this.#mutated(bytes);
    return bytes;
  }

  #mutated(bytes: Buffer): Buffer {
    const random = this.#random;
    const one = random.below(bytes.length + 1);
    const other = random.below(bytes.length + 1);
    const [from, to] = one < other ? [one, other] : [other, one];
    switch (random.below(10)) {
      case 0:
        return bytes.subarray(0, to);
      case 1:
        return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
      case 2:
        return Buffer.concat([bytes.subarray(0, to), bytes.subarray(from)]);
      case 3:
        return this.#spliced(bytes, one);
      case 4:
        return this.#withByte(bytes, one);
      default:
        return this.#withField(bytes);
    }
  }

  /** A bit turned, or a byte replaced. */
  #withByte(bytes: Buffer, place: number): Buffer {
    const byte = bytes[place];
    if (byte === undefined) return bytes;
    bytes[place] = this.#random.below(2)
      ? byte ^ (1 << this.#random.below(8))
      : this.#edge() & 0xff;
    return bytes;
  }

  /** A piece of another archive at some place. */
  #spliced(bytes: Buffer, place: number): Buffer {
    const donor = Buffer.from(this.#random.oneOf(this.#corpus));
    const start = this.#recordIn(donor);
    const piece = donor.subarray(start, start + this.#random.below(100));
    const skipped = this.#random.below(2) ? 0 : piece.length;
    return Buffer.concat([bytes.subarray(0, place), piece, bytes.subarray(place + skipped)]);
  }

  /** Another number in one of the fields at the start of some record. */
  #withField(bytes: Buffer): Buffer {
    const place = this.#recordIn(bytes) + this.#random.below(52);
    const width = this.#random.oneOf([1, 2, 4] as const);
    if (place + width > bytes.length) return bytes;
    const number = this.#random.below(2)
      ? this.#edge()
      : bytes.readUIntLE(place, width) + this.#random.below(7) - 3;
    bytes.writeUIntLE((number >>> 0) % 2 ** (8 * width), place, width);
    return bytes;
  }

  #recordIn(bytes: Buffer): number {
    return Math.max(bytes.indexOf(record, this.#random.below(bytes.length + 1)), 0);
  }

  #edge(): number {
    return this.#random.oneOf(edges);
  }
}
