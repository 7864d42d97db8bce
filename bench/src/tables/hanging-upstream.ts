// Do hits stay fast while the upstream does not answer? The same load with and without requests that hang, in turns.
import type { BenchRun, BenchTable } from "../bench-run.ts";
import { downloadSmall } from "../download.ts";
import { aimColumns, aimed, type MeasuredTable, type Row } from "../measured-table.ts";
import { addVersion, makeModuleTree } from "../module-tree.ts";
import { inTurns, median, ratios, spread } from "../samples.ts";
import {
  type BenchUpstream,
  hangingPrefix,
  startBenchUpstream,
} from "../servers/bench-upstream.ts";
import { serverCore } from "../servers/server-process.ts";
import { type StoaProcess, startStoa } from "../servers/stoa-process.ts";
import { type LoadReport, putUnderLoad, warmUp } from "../wrk.ts";

export const hangingUpstream: BenchTable = {
  name: "hanging-upstream",
  needs: ["wrk", "taskset"],
  measure,
};

/** What is under load, and how much hangs meanwhile. */
interface Case {
  /** Part of a path, different for each case. */
  readonly name: string;
  readonly answer: string;
  readonly path: string;
  readonly hanging: number;
}

/** As many requests as Stoa has at one upstream host at once (`STOA_UPSTREAM_CONNECTIONS`). */
const upstreamConnections = 32;
/** p99 of the same load differs by about that much from one round to the next. */
const noise = 1.25;

async function measure(run: BenchRun): Promise<MeasuredTable> {
  const tree = await makeModuleTree(run);
  const paths = await addVersion(tree, "example.com/bench/hit@v1.0.0", 2_000_000);
  await using upstream = await startBenchUpstream(tree.root);
  await using stoa = await startStoa({ upstream: upstream.url, core: serverCore }, run);
  for (const path of [paths.info, paths.zip]) await downloadSmall(`${stoa.url}${path}`, run.signal);

  const rows: Row[] = [];
  for (const each of [
    { name: "few", answer: ".info", path: paths.info, hanging: 30 },
    { name: "many", answer: ".info", path: paths.info, hanging: 200 },
    { name: "zips", answer: "zip of 2 MB", path: paths.zip, hanging: 30 },
  ]) {
    run.say(`${each.answer} while ${each.hanging} requests hang`);
    await warmUp({ url: `${stoa.url}${each.path}` }, run);
    rows.push(await compare(each, stoa, upstream, run));
  }
  return {
    title: "Hits while the upstream hangs: p99, with and without cold requests that wait",
    columns,
    rows,
    notes: [
      `Of the requests that hang, ${upstreamConnections} at most wait for the upstream's answer and the others for their turn to ask it.`,
      `One core for Stoa, another for wrk; 64 connections; p99 of equal loads differs by a quarter anyway, so "unchanged" is a ratio of ${noise} or less.`,
    ],
  };
}

const columns = [
  { key: "answer", heading: "answer" },
  { key: "hanging", heading: "hanging" },
  { key: "calmP99", heading: "p99 ms without", digits: 2 },
  { key: "hangingP99", heading: "p99 ms with", digits: 2 },
  { key: "ratio", heading: "ratio", digits: 2 },
  { key: "spread", heading: "lowest–highest" },
  { key: "rateRatio", heading: "ratio of rates", digits: 2 },
  ...aimColumns,
];

async function compare(
  each: Case,
  stoa: StoaProcess,
  upstream: BenchUpstream,
  run: BenchRun,
): Promise<Row> {
  const load = { url: `${stoa.url}${each.path}`, seconds: 1 };
  const underLoad = async (): Promise<LoadReport> => {
    const report = await putUnderLoad(load, run.signal);
    stoa.cutLog();
    return report;
  };
  const measured = await inTurns(["calm", "hanging"], run.isQuick ? 2 : 7, (state, round) =>
    state === "calm" ? underLoad() : whileHanging(coldUrls(each, round, stoa), upstream, underLoad),
  );
  const calm = measured.get("calm") ?? [];
  const hanging = measured.get("hanging") ?? [];
  const p99 = ({ p99Milliseconds }: LoadReport) => p99Milliseconds;
  const rate = ({ requestsPerSecond }: LoadReport) => requestsPerSecond;
  const perRound = ratios(hanging.map(p99), calm.map(p99));
  const ratio = median(perRound);
  return {
    answer: each.answer,
    hanging: each.hanging,
    calmP99: median(calm.map(p99)),
    hangingP99: median(hanging.map(p99)),
    ratio,
    spread: spread(perRound, 2),
    rateRatio: median(ratios(hanging.map(rate), calm.map(rate))),
    ...aimed(ratio, "at most", noise),
  };
}

/** URLs of modules that nobody has asked for before. */
function coldUrls({ name, hanging }: Case, round: number, stoa: StoaProcess): readonly string[] {
  const folder = `${stoa.url}${hangingPrefix}${name}/r${round}`;
  return Array.from({ length: hanging }, (_, n) => `${folder}/m${n}/@v/v1.0.0.info`);
}

/** Does `work` while the upstream owes the answers for `urls`, then has it answer. */
async function whileHanging<T>(
  urls: readonly string[],
  upstream: BenchUpstream,
  work: () => Promise<T>,
): Promise<T> {
  const hanging = upstream.hang();
  const asked = Promise.allSettled(urls.map(async (url) => (await fetch(url)).arrayBuffer()));
  const answered = asked.then(() => {
    throw new Error("requests that should have hung were answered");
  });
  try {
    const enough = Math.min(urls.length, upstreamConnections);
    await Promise.race([upstream.untilHanging(enough), answered]);
    return await work();
  } finally {
    answered.catch(() => undefined);
    hanging[Symbol.dispose]();
    await asked;
  }
}
