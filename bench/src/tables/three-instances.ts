// Three instances on one storage against one, on the same cores and under the same load.
import { join } from "node:path";
import type { BenchRun, BenchTable } from "../bench-run.ts";
import { downloadSmall } from "../download.ts";
import type { MeasuredTable, Row } from "../measured-table.ts";
import { addVersion, makeModuleTree } from "../module-tree.ts";
import { inTurns, median, ratios, spread } from "../samples.ts";
import { startBenchUpstream } from "../servers/bench-upstream.ts";
import { processorMicroseconds } from "../servers/process-figures.ts";
import { type StoaProcess, startStoa } from "../servers/stoa-process.ts";
import { putUnderLoad } from "../wrk.ts";

export const threeInstances: BenchTable = { name: "three-instances", needs: ["wrk"], measure };

/** Those that the load is divided among. */
interface Fleet {
  readonly instances: readonly StoaProcess[];
}

/** What a fleet did under load. */
interface FleetLoad {
  readonly perSecond: number;
  readonly p99: number;
  /** Of the instances together; the load has the rest of the cores. */
  readonly processorPerRequest: number;
}

/** As many programs make load, whoever answers: each with so many connections. */
const loads = 3;
const connections = 21;

async function measure(run: BenchRun): Promise<MeasuredTable> {
  const tree = await makeModuleTree(run);
  const small = await addVersion(tree, "example.com/bench/small@v1.0.0", 10_000);
  const large = await addVersion(tree, "example.com/bench/large@v1.0.0", 2_000_000);
  await using upstream = await startBenchUpstream(tree.root);
  await using started = new AsyncDisposableStack();
  const env = { ATHENS_DISK_STORAGE_ROOT: join(run.folder, "shared") };
  const instances: StoaProcess[] = [];
  for (let n = 0; n < loads; n++) {
    instances.push(started.use(await startStoa({ upstream: upstream.url, env }, run)));
  }
  const three: Fleet = { instances };
  const one: Fleet = { instances: instances.slice(0, 1) };
  const rows: Row[] = [];
  for (const [answer, path] of [
    [".info", small.info],
    ["zip of 10 kB", small.zip],
    ["zip of 2 MB", large.zip],
  ] as const) {
    run.say(answer);
    for (const { url } of instances) await downloadSmall(`${url}${path}`, run.signal);
    for (const fleet of [one, three]) await underLoad(fleet, path, run);
    const measured = await inTurns([one, three], run.isQuick ? 3 : 7, (fleet) =>
      underLoad(fleet, path, run),
    );
    rows.push(rowOf(answer, measured.get(one) ?? [], measured.get(three) ?? []));
  }
  return { title: "Hits: three instances on one disk storage, against one", columns, rows, notes };
}

const columns = [
  { key: "answer", heading: "answer" },
  { key: "one", heading: "one, per s", digits: 0 },
  { key: "three", heading: "three, per s", digits: 0 },
  { key: "ratio", heading: "ratio", digits: 2 },
  { key: "spread", heading: "lowest–highest" },
  { key: "oneP99", heading: "one, p99 ms", digits: 2 },
  { key: "threeP99", heading: "three, p99 ms", digits: 2 },
  { key: "processor", heading: "CPU ratio", digits: 2 },
];

const notes = [
  `${loads} wrk of ${connections} connections, all at the one or each at one of the three, for one second; servers and load share all cores, and no balancer stands between them.`,
  "CPU ratio: processor time of all instances for one request, three against one.",
];

async function underLoad({ instances }: Fleet, path: string, run: BenchRun): Promise<FleetLoad> {
  const used = (): number =>
    instances.reduce((sum, { pid }) => sum + processorMicroseconds(pid), 0);
  const before = used();
  const reports = await Promise.all(
    Array.from({ length: loads }, (_, n) => {
      const url = `${instances[n % instances.length]?.url}${path}`;
      return putUnderLoad({ url, seconds: 1, connections, isAnywhere: true }, run.signal);
    }),
  );
  const processor = used() - before;
  for (const { cutLog } of instances) cutLog();
  const requests = reports.reduce((sum, report) => sum + report.requests, 0);
  return {
    perSecond: reports.reduce((sum, report) => sum + report.requestsPerSecond, 0),
    p99: Math.max(...reports.map(({ p99Milliseconds }) => p99Milliseconds)),
    processorPerRequest: processor / requests,
  };
}

function rowOf(answer: string, one: readonly FleetLoad[], three: readonly FleetLoad[]): Row {
  const perSecond = ({ perSecond: each }: FleetLoad): number => each;
  const p99 = ({ p99: each }: FleetLoad): number => each;
  const processor = ({ processorPerRequest: each }: FleetLoad): number => each;
  const perRound = ratios(three.map(perSecond), one.map(perSecond));
  return {
    answer,
    one: median(one.map(perSecond)),
    three: median(three.map(perSecond)),
    ratio: median(perRound),
    spread: spread(perRound, 2),
    oneP99: median(one.map(p99)),
    threeP99: median(three.map(p99)),
    processor: median(ratios(three.map(processor), one.map(processor))),
  };
}
