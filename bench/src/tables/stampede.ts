// Two hundred clients ask for the same cold zip at once: how often is the upstream asked, and how long does it take?
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { BenchRun, BenchTable } from "../bench-run.ts";
import { download } from "../download.ts";
import { aimColumns, aimed, type MeasuredTable, type Row } from "../measured-table.ts";
import { addVersion, makeModuleTree, type VersionPaths } from "../module-tree.ts";
import { median, ratios, spread } from "../samples.ts";
import { type BenchUpstream, startBenchUpstream } from "../servers/bench-upstream.ts";
import { startNginx } from "../servers/nginx-server.ts";
import { startStoa } from "../servers/stoa-process.ts";

export const stampede: BenchTable = { name: "stampede", needs: ["nginx"], measure };

const clients = 200;
const zipBytes = 20_000_000;

/** A cold file, and what it must be when it arrives. */
interface ColdZip {
  readonly paths: VersionPaths;
  readonly bytes: Buffer;
}

/** One round: a file for one client alone and another for all at once. */
interface Round {
  readonly alone: ColdZip;
  readonly together: ColdZip;
}

interface Found {
  readonly aloneSeconds: number;
  readonly togetherSeconds: number;
  /** Of the files of the version that all asked for: the most and the fewest requests upstream. */
  readonly mostFetches: number;
  readonly fewestFetches: number;
}

async function measure(run: BenchRun): Promise<MeasuredTable> {
  const tree = await makeModuleTree(run);
  const coldZip = async (name: string): Promise<ColdZip> => {
    const paths = await addVersion(tree, name, zipBytes);
    return { paths, bytes: await readFile(join(tree.root, paths.zip)) };
  };
  const rounds: Round[] = [];
  for (let round = 0; round < (run.isQuick ? 1 : 3); round++) {
    run.say(`making the files of round ${round + 1}`);
    const alone = await coldZip(`example.com/bench/alone@v1.${round}.0`);
    rounds.push({ alone, together: await coldZip(`example.com/bench/stampede@v1.${round}.0`) });
  }
  await using upstream = await startBenchUpstream(tree.root);
  await using nginxUpstream = await startBenchUpstream(tree.root);
  await using stoa = await startStoa({ upstream: upstream.url }, run);
  await using nginx = await startNginx({ root: tree.root, upstream: nginxUpstream.url }, run);

  const stoaFound: Found[] = [];
  const nginxFound: Found[] = [];
  for (const round of rounds) {
    run.say("a stampede on Stoa, then one on nginx");
    stoaFound.push(await stampedeOn(stoa.url, round, upstream, run));
    nginxFound.push(await stampedeOn(nginx.cache.url, round, nginxUpstream, run));
  }
  return {
    title: `Stampede: ${clients} clients at once on a cold zip of ${zipBytes / 1e6} MB`,
    columns,
    rows: [
      { server: "stoa", ...cells(stoaFound), ...fetchAim(stoaFound) },
      { server: "nginx proxy_cache", ...cells(nginxFound) },
    ],
    notes: [
      "Every client compares every byte with the file upstream. Clients and upstream are one process; all run on all cores.",
      `Ratio: how much longer ${clients} clients take together than one client alone with another cold file.`,
      "Fetches: the requests upstream for any one file of that version (.info, .mod, .zip), fewest to most.",
      "nginx: proxy_cache with proxy_cache_lock, which lets the others wait until the file is there.",
    ],
  };
}

const columns = [
  { key: "server", heading: "server" },
  { key: "fetches", heading: "fetches of a file" },
  { key: "aloneSeconds", heading: "one client s", digits: 3 },
  { key: "togetherSeconds", heading: "all clients s", digits: 3 },
  { key: "ratio", heading: "ratio", digits: 1 },
  { key: "spread", heading: "lowest–highest" },
  { key: "gigabytesPerSecond", heading: "GB/s to all", digits: 2 },
  ...aimColumns,
];

async function stampedeOn(
  url: string,
  { alone, together }: Round,
  upstream: BenchUpstream,
  run: BenchRun,
): Promise<Found> {
  const aloneSeconds = await seconds(() => crowd(url, alone, 1, run));
  const togetherSeconds = await seconds(() => crowd(url, together, clients, run));
  const { info, mod, zip } = together.paths;
  const fetches = [info, mod, zip].flatMap((path) => upstream.counts.get(path) ?? []);
  return {
    aloneSeconds,
    togetherSeconds,
    mostFetches: Math.max(...fetches),
    fewestFetches: Math.min(...fetches),
  };
}

async function crowd(url: string, zip: ColdZip, size: number, run: BenchRun): Promise<void> {
  const asked = `${url}${zip.paths.zip}`;
  const options = { signal: run.signal };
  await Promise.all(Array.from({ length: size }, () => download(asked, zip.bytes, options)));
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

function cells(found: readonly Found[]): Row {
  const together = found.map((each) => each.togetherSeconds);
  const alone = found.map((each) => each.aloneSeconds);
  const perRound = ratios(together, alone);
  const fewest = Math.min(...found.map((each) => each.fewestFetches));
  return {
    fetches: fewest === mostFetches(found) ? `${fewest}` : `${fewest}–${mostFetches(found)}`,
    aloneSeconds: median(alone),
    togetherSeconds: median(together),
    ratio: median(perRound),
    spread: spread(perRound, 1),
    gigabytesPerSecond: (clients * zipBytes) / 1e9 / median(together),
  };
}

function fetchAim(found: readonly Found[]): Row {
  const { reached = "" } = aimed(mostFetches(found), "at most", 1);
  return { aim: "each file fetched once", reached };
}

function mostFetches(found: readonly Found[]): number {
  return Math.max(...found.map((each) => each.mostFetches));
}
