// Servers under the same load: how many requests a second, how late the last of a hundred, and at what processor time.
import type { Row } from "./measured-table.ts";
import { median, ratios, spread } from "./samples.ts";
import type { Contender } from "./servers/contender.ts";
import { processorMicroseconds } from "./servers/process-figures.ts";
import { type Load, type LoadReport, putUnderLoad } from "./wrk.ts";

/** One server under load, once. */
export interface MeasuredLoad {
  readonly report: LoadReport;
  /** `undefined` if the server is not ours to look at. */
  readonly processor: ProcessorTime | undefined;
}

interface ProcessorTime {
  /** For one request. */
  readonly microseconds: number;
  /** How much of its core the server used, from 0 to 1. */
  readonly share: number;
}

/** Puts a server under load and looks at the processor time it takes. */
export async function measureLoad(
  contender: Contender,
  load: Load,
  signal: AbortSignal,
): Promise<MeasuredLoad> {
  const { pid } = contender;
  const before = pid === undefined ? 0 : processorMicroseconds(pid);
  const report = await putUnderLoad(load, signal);
  const used = pid === undefined ? undefined : processorMicroseconds(pid) - before;
  contender.tidy?.();
  return { report, processor: used === undefined ? undefined : processorTime(used, report) };
}

/** The columns that `compareLoads` fills. */
export const comparisonColumns = [
  { key: "ours", heading: "Stoa/s" },
  { key: "theirs", heading: "theirs/s" },
  { key: "ratio", heading: "ratio", digits: 2 },
  { key: "spread", heading: "lowest–highest" },
  { key: "ourP99", heading: "Stoa p99 ms", digits: 2 },
  { key: "theirP99", heading: "their p99 ms", digits: 2 },
  { key: "ourMicroseconds", heading: "Stoa µs CPU", digits: 1 },
  { key: "theirMicroseconds", heading: "their µs CPU", digits: 1 },
  { key: "processorRatio", heading: "CPU ratio", digits: 2 },
  { key: "ourShare", heading: "Stoa busy", digits: 2 },
  { key: "theirShare", heading: "they busy", digits: 2 },
] as const;

/** The cells that say how two servers did in the same rounds. */
export function compareLoads(
  ours: readonly MeasuredLoad[],
  theirs: readonly MeasuredLoad[],
): Row & { readonly ratio: number } {
  const rate = ({ report }: MeasuredLoad) => report.requestsPerSecond;
  const p99 = ({ report }: MeasuredLoad) => report.p99Milliseconds;
  const perRound = ratios(ours.map(rate), theirs.map(rate));
  return {
    ours: median(ours.map(rate)),
    theirs: median(theirs.map(rate)),
    ratio: median(perRound),
    spread: spread(perRound, 2),
    ourP99: median(ours.map(p99)),
    theirP99: median(theirs.map(p99)),
    ...processorCells(ours, theirs),
  };
}

function processorTime(microseconds: number, report: LoadReport): ProcessorTime {
  const { requests, requestsPerSecond } = report;
  const wallMicroseconds = (requests / requestsPerSecond) * 1e6;
  return { microseconds: microseconds / requests, share: microseconds / wallMicroseconds };
}

/** No cells for a server that is not ours to look at. */
function processorCells(ours: readonly MeasuredLoad[], theirs: readonly MeasuredLoad[]): Row {
  const mine = medianTime(ours);
  const other = medianTime(theirs);
  return {
    ...(mine && { ourMicroseconds: mine.microseconds, ourShare: mine.share }),
    ...(other && { theirMicroseconds: other.microseconds, theirShare: other.share }),
    ...(mine && other && { processorRatio: other.microseconds / mine.microseconds }),
  };
}

function medianTime(measured: readonly MeasuredLoad[]): ProcessorTime | undefined {
  const known = measured.flatMap(({ processor }) => processor ?? []);
  if (known.length === 0) return;
  return {
    microseconds: median(known.map(({ microseconds }) => microseconds)),
    share: median(known.map(({ share }) => share)),
  };
}
