// npm run bench: measures the tables that are asked for, prints them and writes each to bench/results.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type BenchRun, type BenchTable, type Peer, Skipped } from "./bench-run.ts";
import { describeMachine } from "./machine.ts";
import { printTable } from "./measured-table.ts";
import { coldDownload } from "./tables/cold-download.ts";
import { deployTime } from "./tables/deploy-time.ts";
import { direct } from "./tables/direct.ts";
import { directMemory } from "./tables/direct-memory.ts";
import { droppedRequests } from "./tables/dropped-requests.ts";
import { hangingUpstream } from "./tables/hanging-upstream.ts";
import { hotAnswers } from "./tables/hot-answers.ts";
import { memory } from "./tables/memory.ts";
import { millionVersions } from "./tables/million-versions.ts";
import { policyCost } from "./tables/policy-cost.ts";
import { remoteStore } from "./tables/remote-store.ts";
import { seededBuild } from "./tables/seeded-build.ts";
import { stampede } from "./tables/stampede.ts";
import { threeInstances } from "./tables/three-instances.ts";
import { timeToReady } from "./tables/time-to-ready.ts";
import { zipHash } from "./tables/zip-hash.ts";
import { requireTools } from "./tools.ts";

const tables: readonly BenchTable[] = [
  hotAnswers,
  policyCost,
  hangingUpstream,
  stampede,
  memory,
  timeToReady,
  coldDownload,
  zipHash,
  direct,
  directMemory,
  deployTime,
  droppedRequests,
  millionVersions,
  threeInstances,
  remoteStore,
  seededBuild,
];

const usage = `npm run bench -- [TABLE …] [--quick] [--peer NAME=URL …]

tables   ${tables.map(({ name }) => name).join(", ")}; all of them unless some are named
--quick  fewer and shorter rounds: to see that all works. Nothing is written to bench/results
--peer   another module proxy, already running, to compare with: --peer athens=http://127.0.0.1:3001
`;

const resultsFolder = fileURLToPath(new URL("../results", import.meta.url));

try {
  await main(process.argv.slice(2));
} catch (failure) {
  process.stderr.write(`bench: ${failure instanceof Error ? failure.message : String(failure)}\n`);
  process.exitCode = 1;
}

async function main(words: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      peer: { type: "string", multiple: true, default: [] },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return;
  }
  const chosen = chooseTables(positionals);
  const peers = values.peer.map(parsePeer);
  const folder = await mkdtemp(join(tmpdir(), "stoa-bench-"));
  const run = { isQuick: values.quick, peers, folder, signal: interruption(), say };
  try {
    for (const table of chosen) await measureTable(table, run);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function chooseTables(names: readonly string[]): readonly BenchTable[] {
  const unknown = names.find((name) => !tables.some((table) => table.name === name));
  if (unknown !== undefined) throw new Error(`there is no table ${unknown}\n\n${usage}`);
  return names.length === 0 ? tables : tables.filter(({ name }) => names.includes(name));
}

function parsePeer(text: string): Peer {
  const [, name, url] = /^([^=\s]+)=(https?:\/\/\S+?)\/?$/.exec(text) ?? [];
  if (name === undefined || url === undefined) {
    throw new Error(`${text} is no peer: write NAME=URL, such as athens=http://127.0.0.1:3001`);
  }
  return { name, url };
}

/** Aborted by the first Ctrl-C: the table then fails, and what it started ends with it. */
function interruption(): AbortSignal {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => interrupted.abort(new Error("interrupted")));
  }
  return interrupted.signal;
}

function say(progress: string): void {
  process.stderr.write(`… ${progress}\n`);
}

/** Measures one table in a folder of its own. A table that fails does not stop the others. */
async function measureTable(table: BenchTable, run: BenchRun): Promise<void> {
  if (run.signal.aborted) return;
  const folder = join(run.folder, table.name);
  await mkdir(folder);
  const started = new Date();
  try {
    requireTools(table.needs, run);
    const machine = describeMachine();
    const measured = await table.measure({ ...run, folder });
    process.stdout.write(`\n${printTable(measured)}`);
    if (!run.isQuick)
      await writeResult(table.name, { measured: started.toISOString(), machine, ...measured });
  } catch (failure) {
    if (failure instanceof Skipped) {
      process.stdout.write(`\n${table.name}: not measured: ${failure.message}\n`);
      return;
    }
    process.stdout.write(`\n${table.name}: failed: ${sentences(failure)}\n`);
    process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What went wrong and why, outermost first. */
function sentences(failure: unknown): string {
  if (!(failure instanceof Error)) return String(failure);
  return failure.cause === undefined
    ? failure.message
    : `${failure.message}: ${sentences(failure.cause)}`;
}

async function writeResult(name: string, result: object): Promise<void> {
  await mkdir(resultsFolder, { recursive: true });
  await writeFile(join(resultsFolder, `${name}.json`), `${JSON.stringify(result, rounded, 2)}\n`);
}

/** Three digits after the point are more than any figure is good for. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" ? Math.round(value * 1000) / 1000 : value;
}
