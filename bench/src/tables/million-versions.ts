// What size costs: lists, catalog and index pages, start and memory of a store with a million versions, against a thousand.
import { execFile } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import type { BenchRun, BenchTable } from "../bench-run.ts";
import { aimColumns, aimed, type MeasuredTable, type Row } from "../measured-table.ts";
import { PatientClient } from "../patient-client.ts";
import { inTurns, median, percentile, ratios, type Samples, spread } from "../samples.ts";
import { residentMemory } from "../servers/process-figures.ts";
import {
  type StoaProcess,
  startStoa,
  stoaEnvironment,
  stoaProgram,
} from "../servers/stoa-process.ts";
import {
  makeVersionStore,
  modulePath,
  roomForVersions,
  type VersionStore,
  versionNames,
} from "../version-store.ts";

export const millionVersions: BenchTable = { name: "million-versions", needs: [], measure };

const smallModules = 50;
const pageSize = 500;
const rebuildMs = 1_800_000;
const run = promisify(execFile);

/** A store, and the Stoa that serves it. */
interface Site {
  readonly store: VersionStore;
  readonly stoa: StoaProcess;
  readonly client: PatientClient;
  /** Between the first entry of the index and the last; in milliseconds since 1970. */
  readonly indexed: readonly [first: number, last: number];
}

/** A kind of request, each time for another place in the store. */
interface Question {
  readonly name: string;
  readonly perRound: number;
  path(site: Site): string;
}

async function measure(bench: BenchRun): Promise<MeasuredTable> {
  const modules = bench.isQuick ? 2_000 : 50_000;
  const versions = modules * versionNames.length;
  await using room = await roomForVersions(versions, bench);
  bench.say(`making ${versions} versions`);
  const small = await makeVersionStore(join(room.path, "small"), smallModules, bench);
  const large = await makeVersionStore(join(room.path, "large"), modules, bench);
  bench.say("making their index");
  await rebuildIndex(small, bench);
  const rebuildSeconds = await rebuildIndex(large, bench);
  return {
    title: `${versions} versions of ${modules} modules, against ${small.versions} of ${smallModules}`,
    columns,
    rows: await compare(small, large, bench),
    notes: [
      "Disk storage and the SQLite index; one request after the other over one connection, each for another place; lists are those of what is kept (offline), of 20 versions, and are not held in memory (`STOA_MEMORY_CACHE=0`); pages have 500 versions.",
      "All names are in memory, as root in a folder that is: what a disk adds that has to be asked for them is not measured.",
      `\`stoa modules reindex\` of all of it took ${rebuildSeconds.toFixed(0)} s.`,
    ],
  };
}

async function compare(
  small: VersionStore,
  large: VersionStore,
  bench: BenchRun,
): Promise<readonly Row[]> {
  const starts = await inTurns([small, large], bench.isQuick ? 2 : 5, (store) =>
    millisecondsToReady(store, bench),
  );
  await using smallStoa = await startSite(small, bench);
  await using largeStoa = await startSite(large, bench);
  using smallClient = new PatientClient();
  using largeClient = new PatientClient();
  const sites = [
    await site(small, smallStoa, smallClient),
    await site(large, largeStoa, largeClient),
  ] as const;
  const rows: Row[] = [];
  for (const question of questions(bench.isQuick)) {
    bench.say(question.name);
    const measured = await inTurns(sites, bench.isQuick ? 3 : 7, (each) => p99(each, question));
    rows.push(
      rowOf(`p99 of a ${question.name}, ms`, measured.get(sites[0]), measured.get(sites[1])),
    );
  }
  rows.push(
    rowOf("time to ready, ms", starts.get(small), starts.get(large)),
    rowOf("peak memory after all that, MB", [peakMegabytes(smallStoa)], [peakMegabytes(largeStoa)]),
  );
  return rows;
}

const columns = [
  { key: "what", heading: "" },
  { key: "small", heading: "small", digits: 2 },
  { key: "large", heading: "large", digits: 2 },
  { key: "ratio", heading: "ratio", digits: 2 },
  { key: "spread", heading: "lowest–highest" },
  ...aimColumns,
];

function rowOf(what: string, small: Samples = [], large: Samples = []): Row {
  const perRound = ratios(large, small);
  const ratio = median(perRound);
  return {
    what,
    small: median(small),
    large: median(large),
    ratio,
    spread: spread(perRound, 2),
    ...aimed(ratio, "at most", 2),
  };
}

function questions(isQuick: boolean): readonly Question[] {
  const pages = isQuick ? 30 : 200;
  return [
    {
      name: "list",
      perRound: isQuick ? 300 : 2000,
      path: ({ store }) => `/${modulePath(below(store.modules))}/@v/list`,
    },
    {
      name: "/catalog page",
      perRound: pages,
      path: ({ store }) => `/catalog?pagesize=${pageSize}&token=${placeInFirstHalf(store)}`,
    },
    {
      name: "/index page",
      perRound: pages,
      path: ({ indexed: [first, last] }) => {
        const since = new Date(first + Math.random() * (last - first) * 0.9);
        return `/index?limit=${pageSize}&since=${since.toISOString()}`;
      },
    },
  ];
}

function placeInFirstHalf({ modules }: VersionStore): string {
  const version = versionNames[below(versionNames.length)] ?? "";
  return encodeURIComponent(`${modulePath(below(modules / 2))}|${version}`);
}

function below(limit: number): number {
  return Math.floor(Math.random() * limit);
}

/** The ninety-ninth of a hundred answers, in milliseconds. */
async function p99(site: Site, { perRound, path }: Question): Promise<number> {
  const urls = Array.from({ length: perRound }, () => `${site.stoa.url}${path(site)}`);
  const milliseconds = await site.client.milliseconds(urls);
  site.stoa.cutLog();
  return percentile(milliseconds, 0.99);
}

/** Also sees to it that what is answered is there. */
async function site(store: VersionStore, stoa: StoaProcess, client: PatientClient): Promise<Site> {
  const ask = async (path: string): Promise<string> =>
    (await client.ask(`${stoa.url}${path}`)).toString();
  const list = await ask(`/${modulePath(store.modules - 1)}/@v/list`);
  const first = await ask("/index?limit=1");
  if (list.trim().split("\n").length !== versionNames.length || first === "") {
    throw new Error("the made-up store is not what it should be");
  }
  const begun = Date.parse((JSON.parse(first) as { Timestamp: string }).Timestamp);
  return { store, stoa, client, indexed: [begun, await lastIndexed(begun, ask)] };
}

/** When the last entry of the index was made: found by halving. */
async function lastIndexed(first: number, ask: (path: string) => Promise<string>): Promise<number> {
  let [low, high] = [first, Date.now()];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    const since = new Date(middle).toISOString();
    if ((await ask(`/index?limit=1&since=${since}`)) === "") high = middle;
    else low = middle;
  }
  return low;
}

async function millisecondsToReady(store: VersionStore, bench: BenchRun): Promise<number> {
  const began = performance.now();
  await using _stoa = await startSite(store, bench);
  return performance.now() - began;
}

function startSite(store: VersionStore, bench: BenchRun): Promise<StoaProcess> {
  return startStoa({ upstream: "off", env: environmentOf(store) }, bench);
}

/** Without answers that are ready to be sent: those of fifty modules would be, and those of fifty thousand not yet. */
function environmentOf({ root }: VersionStore): NodeJS.ProcessEnv {
  return {
    ATHENS_DISK_STORAGE_ROOT: root,
    ATHENS_NETWORK_MODE: "offline",
    STOA_MEMORY_CACHE: "0",
  };
}

/** How many seconds it took. */
async function rebuildIndex(store: VersionStore, bench: BenchRun): Promise<number> {
  const env = { ...stoaEnvironment(bench.folder, "off", ":0"), ...environmentOf(store) };
  const began = performance.now();
  await run(process.execPath, [stoaProgram, "modules", "reindex"], {
    env,
    signal: bench.signal,
    timeout: rebuildMs,
  });
  return (performance.now() - began) / 1000;
}

function peakMegabytes({ pid }: StoaProcess): number {
  return residentMemory(pid).peak / 1e6;
}
