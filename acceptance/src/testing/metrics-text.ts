// Prometheus' text format, read strictly.

/** One line with a number. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The samples of one metric. */
export interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

/**
 * Reads the text of a /metrics page. Throws where a scraper would stumble: a line that is none, a type said too late,
 * samples of one metric in two places, a series that occurs twice, a number that is none.
 * Authority: prometheus.io/docs/instrumenting/exposition_formats.
 */
export function readMetrics(text: string): ReadonlyMap<string, Family> {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  const page = new MetricsPage();
  for (const line of text.slice(0, -1).split("\n")) page.take(line);
  return page.families;
}

interface GrowingFamily extends Family {
  type: string;
  help: string;
  readonly samples: Sample[];
}

const name = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const label = `[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"`;
const sampleLine = new RegExp(
  `^(${name})(?:\\{((?:${label})?(?:,${label})*,?)\\})? (\\S+)(?: -?\\d+)?$`,
);
const describingLine = new RegExp(`^# (HELP|TYPE) (${name}) ?(.*)$`);
const types = new Set(["counter", "gauge", "histogram", "summary", "untyped"]);

/** What has been read of a page so far. */
class MetricsPage {
  readonly families = new Map<string, GrowingFamily>();
  readonly #series = new Set<string>();
  #current = "";

  take(line: string): void {
    const [, word, family = "", rest = ""] = describingLine.exec(line) ?? [];
    if (word === "HELP") this.#enter(family).help = rest;
    else if (word === "TYPE") this.#takeType(family, rest);
    else if (line !== "" && !line.startsWith("#")) this.#takeSample(line);
  }

  #takeType(family: string, type: string): void {
    if (!types.has(type)) throw new Error(`${family} has the type ${JSON.stringify(type)}`);
    const entered = this.#enter(family);
    if (entered.samples.length > 0) throw new Error(`${family} says its type after its numbers`);
    entered.type = type;
  }

  #takeSample(line: string): void {
    const sample = readSample(line);
    const series = `${sample.name}${JSON.stringify(Object.entries(sample.labels).sort())}`;
    if (this.#series.has(series)) throw new Error(`this series occurs twice: ${line}`);
    this.#series.add(series);
    // A histogram's samples have names of their own.
    const parent = sample.name.replace(/_(bucket|sum|count)$/, "");
    const isPart = ["histogram", "summary"].includes(this.families.get(parent)?.type ?? "");
    this.#enter(isPart ? parent : sample.name).samples.push(sample);
  }

  #enter(family: string): GrowingFamily {
    const known = this.families.get(family);
    if (known !== undefined && family !== this.#current) {
      throw new Error(`${family} occurs in two places`);
    }
    this.#current = family;
    const entered = known ?? { name: family, type: "untyped", help: "", samples: [] };
    this.families.set(family, entered);
    return entered;
  }
}

function readSample(line: string): Sample {
  const match = sampleLine.exec(line);
  if (match === null) throw new Error(`this line is no sample: ${JSON.stringify(line)}`);
  const [, found = "", labels = "", number = ""] = match;
  const value = readNumber(number);
  if (value === undefined) throw new Error(`${number} is no number: ${line}`);
  const pairs = [...labels.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)];
  return {
    name: found,
    labels: Object.fromEntries(pairs.map(([, key = "", text = ""]) => [key, unescapeLabel(text)])),
    value,
  };
}

/** A number as Go's strconv.ParseFloat reads it, which takes `nan` and `inf` in any case. */
function readNumber(text: string): number | undefined {
  if (/^nan$/i.test(text)) return Number.NaN;
  const infinite = /^([+-]?)inf(inity)?$/i.exec(text);
  if (infinite !== null) return infinite[1] === "-" ? -Infinity : Infinity;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function unescapeLabel(text: string): string {
  return text.replace(/\\(.)/g, (_escape, character: string) =>
    character === "n" ? "\n" : character,
  );
}
