// How much memory it takes to make a module out of a large repository.

import type { RepositoryDraft } from "../../../proxy/src/adapters/git-upstream/testing/repository-draft.ts";
import type { BenchRun, BenchTable } from "../bench-run.ts";
import {
  type GitRepositories,
  gitRepositories,
  growingModule,
  heavyModule,
  wordyModule,
} from "../git-repositories.ts";
import { aimColumns, aimed, type MeasuredTable, type Row } from "../measured-table.ts";
import { forgetPeak, residentMemory } from "../servers/process-figures.ts";
import { startStoa } from "../servers/stoa-process.ts";

export const directMemory: BenchTable = { name: "direct-memory", needs: ["go"], measure };

const small = "github.com/bench/small";
const megabyte = 1e6;

/** What large repositories are made of. */
const contents: readonly (readonly [
  what: string,
  module: string,
  draft: (module: string, megabytes: number) => RepositoryDraft,
])[] = [
  ["files of 1 MB that do not compress", "github.com/bench/heavy", heavyModule],
  ["source text in small files, one commit for each MB", "github.com/bench/wordy", wordyModule],
];

async function measure(run: BenchRun): Promise<MeasuredTable> {
  const megabytes = run.isQuick ? 40 : 400;
  await using repositories = await gitRepositories(run);
  await repositories.add(small, growingModule(small, 2));
  const rows: Row[] = [];
  for (const [what, module, draft] of contents) {
    run.say(`making a repository of ${megabytes} MB: ${what}`);
    await repositories.add(module, draft(module, megabytes));
    run.say("fetching it");
    rows.push({ what, ...(await measureModule(module, repositories, run)) });
  }
  return {
    title: `Memory: a module of ${megabytes} MB straight from its repository`,
    columns,
    rows,
    notes: [
      "Resident memory of Stoa alone, without the git processes that it starts: the highest less what it had after another module.",
    ],
  };
}

const columns = [
  { key: "what", heading: "module of" },
  { key: "zip", heading: "zip MB", digits: 0 },
  { key: "idle", heading: "idle MB", digits: 0 },
  { key: "peak", heading: "peak MB", digits: 0 },
  { key: "growth", heading: "growth MB", digits: 0 },
  { key: "seconds", heading: "seconds", digits: 1 },
  ...aimColumns,
];

async function measureModule(
  module: string,
  { environment }: GitRepositories,
  run: BenchRun,
): Promise<Row> {
  await using stoa = await startStoa({ upstream: "direct", env: environment }, run);
  await drained(`${stoa.url}/${small}/@v/v1.0.0.zip`, run);
  forgetPeak(stoa.pid);
  const idle = residentMemory(stoa.pid).now;
  const started = performance.now();
  const bytes = await drained(`${stoa.url}/${module}/@v/v1.0.0.zip`, run);
  const seconds = (performance.now() - started) / 1000;
  const { peak } = residentMemory(stoa.pid);
  const growth = (peak - idle) / megabyte;
  return {
    zip: bytes / megabyte,
    idle: idle / megabyte,
    peak: peak / megabyte,
    growth,
    seconds,
    ...aimed(growth, "at most", 200),
  };
}

/** Reads an answer to its end and forgets it. */
async function drained(url: string, run: BenchRun): Promise<number> {
  const response = await fetch(url, { signal: run.signal });
  let bytes = 0;
  for await (const chunk of response.body ?? []) bytes += chunk.length;
  if (response.status !== 200) throw new Error(`asked for a zip, got status ${response.status}`);
  return bytes;
}
