// Numbers that are counted with plain arithmetic on the hot path, and read when somebody asks.

/** A number that only grows. */
export class Counter {
  value = 0;

  inc(by = 1): void {
    this.value += by;
  }
}

/** A number that goes up and down. */
export class Gauge {
  value = 0;

  set(value: number): void {
    this.value = value;
  }

  inc(by = 1): void {
    this.value += by;
  }

  dec(by = 1): void {
    this.value -= by;
  }
}

/** How many values lie within each of some bounds, and what all of them add up to. */
export class Histogram {
  /** Upper bounds, ascending; a value that equals one lies within it. */
  readonly bounds: readonly number[];
  /** How many values lie within each bound but above the one before; a last number counts those above all bounds. */
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(value: number): void {
    const { bounds, counts } = this;
    let at = 0;
    while (at < bounds.length && !(value <= (bounds[at] ?? 0))) at += 1;
    counts[at] = (counts[at] ?? 0) + 1;
    this.sum += value;
  }
}
