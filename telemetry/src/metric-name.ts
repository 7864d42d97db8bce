// What metrics and labels may be called: the data model of Prometheus, and its naming conventions where they prevent confusion.

const legalName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const legalLabel = /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/;
/** Names that the metrics of the process itself use. */
const processName = /^(?:process|nodejs)_/;

/** A metric as it is declared. */
export interface MetricDeclaration {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly labelNames: readonly string[];
}

/** Throws, with a sentence, if a metric cannot be declared so. */
export function checkDeclaration({ name, help, type, labelNames }: MetricDeclaration): void {
  if (!legalName.test(name)) throw new Error(`${name} is no name for a metric: use a-z, 0-9 and _`);
  if (processName.test(name)) {
    throw new Error(
      `${name} is no name for a metric: process_ and nodejs_ are taken by the process`,
    );
  }
  if (type === "counter" && !name.endsWith("_total")) {
    throw new Error(`${name} is no name for a counter: let it end with _total`);
  }
  if (help.trim() === "") throw new Error(`the metric ${name} needs a help text`);
  const illegal = labelNames.find((label) => !legalLabel.test(label) || label === "le");
  if (illegal !== undefined) throw new Error(`${illegal} is no name for a label of ${name}`);
}

/** Throws, with a sentence, unless the bounds of a histogram are finite and ascending. */
export function checkBounds(name: string, bounds: readonly number[]): void {
  const isAscending = bounds.every(
    (bound, at) => Number.isFinite(bound) && (at === 0 || bound > (bounds[at - 1] ?? bound)),
  );
  if (!isAscending || bounds.length === 0) {
    throw new Error(`the bounds of the histogram ${name} must be finite and ascending`);
  }
}
