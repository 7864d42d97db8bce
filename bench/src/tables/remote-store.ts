// What a storage on another server adds to a hit, with what Stoa remembers of it and without.
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import type { BenchRun, BenchTable } from "../bench-run.ts";
import type { MeasuredTable, Row } from "../measured-table.ts";
import { addVersion, makeModuleTree } from "../module-tree.ts";
import { PatientClient } from "../patient-client.ts";
import { inTurns, median, percentile, ratios, spread } from "../samples.ts";
import { startBenchUpstream } from "../servers/bench-upstream.ts";
import { startS3Server } from "../servers/s3-server.ts";
import { type StoaProcess, startStoa } from "../servers/stoa-process.ts";

export const remoteStore: BenchTable = { name: "remote-store", needs: ["versitygw"], measure };

/** What is asked for. */
interface Hit {
  readonly name: string;
  readonly paths: readonly string[];
}

/** A Stoa, and how its storage is remembered. */
interface Site {
  readonly storage: string;
  readonly stoa: StoaProcess;
}

/** Latencies of one round, in milliseconds. */
interface Round {
  readonly p50: number;
  readonly p99: number;
}

/** As many as one build needs. */
const versions = 100;

async function measure(run: BenchRun): Promise<MeasuredTable> {
  const tree = await makeModuleTree(run);
  run.say("making modules");
  const small = [];
  for (let n = 0; n < versions; n++) {
    small.push(await addVersion(tree, `example.com/bench/small${n}@v1.0.0`, 10_000));
  }
  const large = await addVersion(tree, "example.com/bench/large@v1.0.0", 2_000_000);
  const hits: readonly Hit[] = [
    { name: ".info and .mod", paths: small.flatMap(({ info, mod }) => [info, mod]) },
    { name: "zip of 10 kB", paths: small.map(({ zip }) => zip) },
    { name: "zip of 2 MB", paths: Array.from({ length: 20 }, () => large.zip) },
  ];
  await using upstream = await startBenchUpstream(tree.root);
  await using s3 = await startS3Server(run);
  await using started = new AsyncDisposableStack();
  const start = async (storage: string, env: NodeJS.ProcessEnv): Promise<Site> => {
    const local = await mkdtemp(join(run.folder, "local-"));
    const own = { STOA_LOCAL_FOLDER: local, ...env };
    return {
      storage,
      stoa: started.use(await startStoa({ upstream: upstream.url, env: own }, run)),
    };
  };
  const disk = await start("disk", {});
  const sites = [
    disk,
    await start("S3, nothing remembered", { ...s3.env, STOA_MEMORY_CACHE: "0" }),
    await start("S3, small answers remembered", s3.env),
    await start("S3, zips remembered too", {
      ...s3.env,
      STOA_ZIP_CACHE: await mkdtemp(join(run.folder, "zips-")),
    }),
  ];
  using client = new PatientClient();
  run.say("having all of it kept");
  for (const { stoa } of sites) await client.milliseconds(urlsOf(stoa, hits));
  const rows: Row[] = [];
  for (const hit of hits) rows.push(...(await compare(hit, { sites, disk, client }, run)));
  return {
    title: "Hits out of a storage on another server, against the disk",
    columns,
    rows,
    notes,
  };
}

const columns = [
  { key: "answer", heading: "answer" },
  { key: "storage", heading: "storage" },
  { key: "p50", heading: "p50 ms", digits: 2 },
  { key: "p99", heading: "p99 ms", digits: 2 },
  { key: "added", heading: "added to p50 ms", digits: 2 },
  { key: "ratio", heading: "ratio of p50", digits: 2 },
  { key: "spread", heading: "lowest–highest" },
];

const notes = [
  `One client, one request after the other over one connection, each of ${versions} versions in turn. The S3 server is Versity's gateway over a folder on this machine: a network between them comes on top.`,
  "Small answers are remembered in memory (`STOA_MEMORY_CACHE`, which is usual), zips on this machine's disk (`STOA_ZIP_CACHE`).",
];

async function compare(
  hit: Hit,
  parts: {
    readonly sites: readonly Site[];
    readonly disk: Site;
    readonly client: PatientClient;
  },
  run: BenchRun,
): Promise<readonly Row[]> {
  run.say(hit.name);
  const { sites, disk, client } = parts;
  const measured = await inTurns(sites, run.isQuick ? 3 : 11, async ({ stoa }): Promise<Round> => {
    const milliseconds = await client.milliseconds(urlsOf(stoa, [hit]));
    stoa.cutLog();
    return { p50: median(milliseconds), p99: percentile(milliseconds, 0.99) };
  });
  const onDisk = (measured.get(disk) ?? []).map(({ p50 }) => p50);
  return sites.map((site) => {
    const rounds = measured.get(site) ?? [];
    const p50 = rounds.map((round) => round.p50);
    const perRound = ratios(p50, onDisk);
    return {
      answer: hit.name,
      storage: site.storage,
      p50: median(p50),
      p99: median(rounds.map((round) => round.p99)),
      added: median(p50.map((each, at) => each - (onDisk[at] ?? Number.NaN))),
      ratio: median(perRound),
      spread: spread(perRound, 2),
    };
  });
}

function urlsOf({ url }: StoaProcess, hits: readonly Hit[]): readonly string[] {
  return hits.flatMap(({ paths }) => paths.map((path) => `${url}${path}`));
}
