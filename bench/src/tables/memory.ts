// How much memory a server needs to hand a large cold zip to many clients at once, fast ones and ones that stop reading.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { BenchRun, BenchTable } from "../bench-run.ts";
import { download, downloadSmall, type Stall } from "../download.ts";
import { aimColumns, aimed, type MeasuredTable, type Row } from "../measured-table.ts";
import { addVersion, makeModuleTree, type VersionPaths } from "../module-tree.ts";
import { median, spread } from "../samples.ts";
import { type BenchUpstream, startBenchUpstream } from "../servers/bench-upstream.ts";
import type { Contender } from "../servers/contender.ts";
import { startNginx } from "../servers/nginx-server.ts";
import { forgetPeak, residentMemory } from "../servers/process-figures.ts";
import { startStoa } from "../servers/stoa-process.ts";

export const memory: BenchTable = { name: "memory", needs: ["nginx"], measure };

const clients = 100;
const zipBytes = 100_000_000;
const megabyte = 1e6;
/** Clients that stop wait for one another: a server that does not serve all of them at once would never finish. */
const patienceMs = 120_000;

/** What clients read. */
interface ColdZip {
  readonly paths: VersionPaths;
  readonly bytes: Buffer;
  readonly root: string;
}

/** How clients read. */
interface Readers {
  readonly name: string;
  /** Whether each stops reading after its first megabyte until all have had theirs. */
  readonly stall: boolean;
}

interface Found {
  readonly idleBytes: number;
  readonly peakBytes: number;
  readonly seconds: number;
}

/** A server that has just been started and has kept nothing. */
interface FreshServer extends AsyncDisposable {
  readonly contender: Contender;
}

type Start = (zip: ColdZip, upstream: BenchUpstream, run: BenchRun) => Promise<FreshServer>;

async function measure(run: BenchRun): Promise<MeasuredTable> {
  const tree = await makeModuleTree(run);
  run.say("making the zip");
  const paths = await addVersion(tree, "example.com/bench/large@v1.0.0", zipBytes);
  const bytes = await readFile(join(tree.root, paths.zip));
  const zip = { paths, bytes, root: tree.root };
  const rows: Row[] = [];
  for (const readers of [
    { name: "all read on", stall: false },
    { name: "all stop after 1 MB", stall: true },
  ]) {
    for (const [server, start] of [
      ["stoa", startEmptyStoa],
      ["nginx proxy_cache", startEmptyNginx],
    ] as const) {
      const found: Found[] = [];
      for (let round = 0; round < (run.isQuick ? 1 : 2); round++) {
        run.say(`${server}: ${clients} clients, ${readers.name}`);
        found.push(await measureOnce(start, zip, readers, run));
      }
      rows.push({ server, readers: readers.name, ...cells(found), ...aimCells(server, found) });
    }
  }
  return {
    title: `Memory: ${clients} clients on a cold zip of ${zipBytes / megabyte} MB`,
    columns,
    rows,
    notes: [
      "Resident memory of the one process that serves: the highest during the transfers less what it had after its first small answer.",
      "Ratio: growth in parts of the zip's size. Every client compares every byte. nginx keeps nothing but file pages, which are not counted for anybody.",
    ],
  };
}

const columns = [
  { key: "server", heading: "server" },
  { key: "readers", heading: "clients" },
  { key: "idle", heading: "idle MB", digits: 0 },
  { key: "peak", heading: "peak MB", digits: 0 },
  { key: "growth", heading: "growth MB", digits: 0 },
  { key: "spread", heading: "lowest–highest" },
  { key: "ratio", heading: "ratio", digits: 2 },
  { key: "seconds", heading: "seconds", digits: 1 },
  ...aimColumns,
];

const startEmptyStoa: Start = async (_, upstream, run) => {
  const stoa = await startStoa({ upstream: upstream.url }, run);
  const contender = { name: "stoa", url: stoa.url, pid: stoa.pid };
  return { contender, [Symbol.asyncDispose]: () => stoa[Symbol.asyncDispose]() };
};

const startEmptyNginx: Start = async ({ root }, upstream, run) => {
  const nginx = await startNginx({ root, upstream: upstream.url }, run);
  return { contender: nginx.cache, [Symbol.asyncDispose]: () => nginx[Symbol.asyncDispose]() };
};

async function measureOnce(
  start: Start,
  zip: ColdZip,
  readers: Readers,
  run: BenchRun,
): Promise<Found> {
  const signal = AbortSignal.any([run.signal, AbortSignal.timeout(patienceMs)]);
  await using upstream = await startBenchUpstream(zip.root);
  await using server = await start(zip, upstream, run);
  const { url, pid } = server.contender;
  if (pid === undefined) throw new Error("only the memory of our own processes can be measured");
  await downloadSmall(`${url}${zip.paths.info}`, run.signal);
  forgetPeak(pid);
  const idle = residentMemory(pid).now;
  const started = performance.now();
  const stall = readers.stall ? stallForAll() : undefined;
  await Promise.all(
    Array.from({ length: clients }, () =>
      download(`${url}${zip.paths.zip}`, zip.bytes, { signal, stall }),
    ),
  );
  const seconds = (performance.now() - started) / 1000;
  return { idleBytes: idle, peakBytes: residentMemory(pid).peak, seconds };
}

/** Lets nobody go on before all have stopped: every transfer is then under way, and at rest. */
function stallForAll(): Stall {
  const all = Promise.withResolvers<void>();
  let stopped = 0;
  const resume = (): Promise<void> => {
    stopped += 1;
    if (stopped === clients) all.resolve();
    return all.promise;
  };
  return { afterBytes: megabyte, resume };
}

function cells(found: readonly Found[]): Row {
  const growth = growthMegabytes(found);
  return {
    idle: median(found.map(({ idleBytes }) => idleBytes)) / megabyte,
    peak: median(found.map(({ peakBytes }) => peakBytes)) / megabyte,
    growth: median(growth),
    spread: spread(growth, 0),
    ratio: (median(growth) * megabyte) / zipBytes,
    seconds: median(found.map(({ seconds }) => seconds)),
  };
}

function aimCells(server: string, found: readonly Found[]): Row {
  if (server !== "stoa") return {};
  const { reached = "" } = aimed(median(growthMegabytes(found)), "at most", 100);
  return { aim: "growth below 100 MB", reached };
}

function growthMegabytes(found: readonly Found[]): readonly number[] {
  return found.map(({ idleBytes, peakBytes }) => (peakBytes - idleBytes) / megabyte);
}
