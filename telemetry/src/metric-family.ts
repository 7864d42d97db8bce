// Metrics with labels: cells by the values of their labels.

/** The values of a metric's labels. */
export type Labels<Label extends string = string> = Readonly<Record<Label, string>>;

/** One cell for each combination of label values that was ever asked for. They are never forgotten: keep them few. */
export class Family<Label extends string, Cell> {
  readonly #labelNames: readonly Label[];
  readonly #make: () => Cell;
  readonly #cells = new Map<string, readonly [labels: Labels<Label>, cell: Cell]>();

  constructor(labelNames: readonly Label[], make: () => Cell) {
    this.#labelNames = labelNames;
    this.#make = make;
  }

  /** The cell for these values, always the same. Finding it costs more than counting: on a hot path, keep it. */
  with(labels: Labels<Label>): Cell {
    const key = this.#labelNames.map((name) => labels[name]).join("\u0000");
    const known = this.#cells.get(key);
    if (known !== undefined) return known[1];
    const cell = this.#make();
    this.#cells.set(key, [{ ...labels }, cell]);
    return cell;
  }

  /** All cells, in the order in which they were first asked for. */
  cells(): Iterable<readonly [labels: Labels<Label>, cell: Cell]> {
    return this.#cells.values();
  }
}
