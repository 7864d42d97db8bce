// The metrics of a program, told in Prometheus' text format to whoever asks.
import type { Metric, Registry } from "prom-client";
import { Counter, Gauge, Histogram } from "./metric-cells.ts";
import { Family, type Labels } from "./metric-family.ts";
import { checkBounds, checkDeclaration, type MetricDeclaration } from "./metric-name.ts";

/** One number and what it is about. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/**
 * Metrics are declared once, each under a name of its own; a declaration that breaks Prometheus' rules throws. A metric
 * without labels has one cell, `with({})`. Cells are told from the moment they were first asked for.
 */
export interface Metrics {
  counter<Label extends string = never>(
    name: string,
    help: string,
    labelNames?: readonly Label[],
  ): Family<Label, Counter>;

  gauge<Label extends string = never>(
    name: string,
    help: string,
    labelNames?: readonly Label[],
  ): Family<Label, Gauge>;

  /** `bounds` are the upper bounds of the buckets, ascending; one for everything above is added. */
  histogram<Label extends string = never>(
    name: string,
    help: string,
    bounds: readonly number[],
    labelNames?: readonly Label[],
  ): Family<Label, Histogram>;

  /** A metric whose numbers are kept elsewhere, and read only when somebody asks. */
  collected(
    name: string,
    help: string,
    type: "counter" | "gauge",
    read: () => Told | Promise<Told>,
  ): void;

  /** The media type of `text`. */
  readonly contentType: string;

  /**
   * All metrics, and those of the process (memory, garbage collection, event loop). The first call loads prom-client and
   * begins to observe the process, which takes some 30 ms: call it once after the start if the first reader should not wait.
   */
  text(): Promise<string>;
}

/** Starts with no metric, and loads nothing before somebody asks. */
export function openMetrics(): Metrics {
  return new PrometheusMetrics();
}

/** What a collected metric says: one number, or one for each combination of labels. */
type Told = number | readonly Sample[];

/** A number as prom-client tells it, under the metric's own name or one derived from it. */
interface ToldSample extends Sample {
  readonly metricName?: string;
}

class PrometheusMetrics implements Metrics {
  /** Text format 0.0.4, which every Prometheus reads. */
  readonly contentType = "text/plain; version=0.0.4; charset=utf-8";
  readonly #declared = new Map<string, Metric>();
  #registry: Promise<Registry> | undefined;

  counter<Label extends string = never>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
  ): Family<Label, Counter> {
    const family = new Family(labelNames, () => new Counter());
    this.#declare({ name, help, type: "counter", labelNames }, () => toSamples(family));
    return family;
  }

  gauge<Label extends string = never>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
  ): Family<Label, Gauge> {
    const family = new Family(labelNames, () => new Gauge());
    this.#declare({ name, help, type: "gauge", labelNames }, () => toSamples(family));
    return family;
  }

  histogram<Label extends string = never>(
    name: string,
    help: string,
    bounds: readonly number[],
    labelNames: readonly Label[] = [],
  ): Family<Label, Histogram> {
    checkBounds(name, bounds);
    const family = new Family(labelNames, () => new Histogram(bounds));
    this.#declare({ name, help, type: "histogram", labelNames }, () =>
      Array.from(family.cells()).flatMap(([labels, cell]) => histogramSamples(name, labels, cell)),
    );
    return family;
  }

  collected(
    name: string,
    help: string,
    type: "counter" | "gauge",
    read: () => Told | Promise<Told>,
  ): void {
    this.#declare({ name, help, type, labelNames: [] }, async () => {
      const value = await read();
      return typeof value === "number" ? [{ labels: {}, value }] : value;
    });
  }

  async text(): Promise<string> {
    this.#registry ??= openRegistry();
    const registry = await this.#registry;
    for (const metric of this.#declared.values()) registry.registerMetric(metric);
    return registry.metrics();
  }

  #declare(
    declaration: MetricDeclaration,
    samples: () => readonly ToldSample[] | Promise<readonly ToldSample[]>,
  ): void {
    checkDeclaration(declaration);
    const { name, help, type } = declaration;
    if (this.#declared.has(name)) throw new Error(`the metric ${name} is declared twice`);
    const told = {
      name,
      help,
      type,
      get: async () => ({ name, help, type, values: await samples() }),
    };
    // The registry asks a metric for no more than this; its type names the classes that prom-client itself offers.
    this.#declared.set(name, told as unknown as Metric);
  }
}

async function openRegistry(): Promise<Registry> {
  const { collectDefaultMetrics, Registry } = await import("prom-client");
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of misnamed) registry.removeSingleMetric(name);
  return registry;
}

/** Gauges that prom-client calls totals, against Prometheus' naming rules; the same numbers stand in others, by kind. */
const misnamed = ["handles", "requests", "resources"].map((kind) => `nodejs_active_${kind}_total`);

function toSamples(family: Family<string, { readonly value: number }>): readonly ToldSample[] {
  return Array.from(family.cells(), ([labels, { value }]) => ({ labels, value }));
}

/** Cumulative buckets, sum and count, as the text format has them. */
function histogramSamples(
  name: string,
  labels: Labels,
  { bounds, counts, sum }: Histogram,
): readonly ToldSample[] {
  let total = 0;
  const buckets = counts.map((count, at) => {
    total += count;
    const le = String(bounds[at] ?? "+Inf");
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: total };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: total },
  ];
}
