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

const name = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const label = `[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\[\\\\"n])*"`;
const sampleLine = new RegExp(`^(${name})(?:\\{((?:${label})?(?:,${label})*,?)\\})? (\\S+)(?: -?\\d+)?$`);
const types = new Set(["counter", "gauge", "histogram", "summary", "untyped"]);

/**
 * Reads the text of a /metrics page. Throws where a scraper would stumble: a line that is none, a type said twice or too
 * late, samples of one metric in two places, a series that occurs twice, a number that is none.
 * Authority: prometheus.io/docs/instrumenting/exposition_formats.
 */
export function readMetrics(text: string): Map<string, Family> {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  const families = new Map<string, { name: string; type: string; help: string; samples: Sample[] }>();
  const series = new Set<string>();
  let current = "";
  const enter = (family: string): { type: string; help: string; samples: Sample[] } => {
    const known = families.get(family);
    if (known !== undefined && family === current) return known;
    if (known !== undefined) throw new Error(`${family} occurs in two places`);
    const added = { name: family, type: "untyped", help: "", samples: [] };
    families.set(family, added);
    current = family;
    return added;
  };
  for (const line of text.slice(0, -1).split("\n")) {
    const [, word, family, rest = ""] = new RegExp(`^# (HELP|TYPE) (${name}) ?(.*)$`).exec(line) ?? [];
    if (word === "HELP" && family !== undefined) {
      enter(family).help = rest;
    } else if (word === "TYPE" && family !== undefined) {
      if (!types.has(rest)) throw new Error(`${family} has the type ${JSON.stringify(rest)}`);
      const entered = enter(family);
      if (entered.samples.length > 0) throw new Error(`${family} says its type after its numbers`);
      entered.type = rest;
    } else if (line !== "" && !line.startsWith("#")) {
      const sample = readSample(line);
      const key = `${sample.name}${JSON.stringify(Object.entries(sample.labels).sort())}`;
      if (series.has(key)) throw new Error(`this series occurs twice: ${line}`);
      series.add(key);
      const parent = sample.name.replace(/_(bucket|sum|count)$/, "");
      const isPart = ["histogram", "summary"].includes(families.get(parent)?.type ?? "");
      enter(isPart ? parent : sample.name).samples.push(sample);
    }
  }
  return families;
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
  return text.replace(/\\(.)/g, (_escape, character: string) => (character === "n" ? "\n" : character));
}
