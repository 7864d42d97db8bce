// Modules straight from a repository: Stoa's own way, against `go mod download` with a fresh GOPATH for each version.
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { BenchRun, BenchTable } from "../bench-run.ts";
import { downloadSmall } from "../download.ts";
import { type GitRepositories, gitRepositories, growingModule } from "../git-repositories.ts";
import { aimColumns, aimed, type MeasuredTable, type Row } from "../measured-table.ts";
import { median, ratios, spread } from "../samples.ts";
import { endedProcessorMicroseconds, processorMicroseconds } from "../servers/process-figures.ts";
import { plainEnvironment } from "../servers/server-process.ts";
import { type StoaProcess, startStoa } from "../servers/stoa-process.ts";

export const direct: BenchTable = { name: "direct", needs: ["go"], measure };

const execute = promisify(execFile);
const module = "github.com/bench/growing";
const otherModule = "github.com/bench/other";
const versions = 50;

/** What is measured, in seconds, on one side in one round. */
interface Passage {
  readonly first: number;
  readonly second: number;
  /** The first version of another repository, when all versions of one have been served. */
  readonly other: number;
  /** All versions, beginning with nothing. */
  readonly all: number;
}

/** The same of Stoa, with what the first version took of processors. */
interface NativePassage extends Passage {
  readonly processor: ProcessorSeconds;
}

interface ProcessorSeconds {
  readonly stoa: number;
  /** Of the git processes that have ended by then. */
  readonly git: number;
}

type Part = keyof Passage;

const parts: readonly (readonly [Part, string, number | undefined])[] = [
  ["first", "the first version, of a server that has just begun", 2],
  ["other", "the first version of another repository", 2],
  ["second", "a second version, warm mirror", 8],
  ["all", `${versions} versions`, undefined],
];

async function measure(run: BenchRun): Promise<MeasuredTable> {
  await using repositories = await gitRepositories(run);
  run.say(`making a repository with ${versions} versions`);
  for (const name of [module, otherModule]) {
    await repositories.add(name, growingModule(name, versions));
  }
  const ours: NativePassage[] = [];
  const theirs: Passage[] = [];
  for (let round = 0; round < (run.isQuick ? 2 : 5); round++) {
    run.say(`round ${round + 1}: ${versions} versions natively and through the go command`);
    const sides = [
      async () => ours.push(await passNative(repositories, run)),
      async () => theirs.push(await passGoCommand(repositories, run)),
    ];
    if (round % 2 === 1) sides.reverse();
    for (const side of sides) await side();
  }
  return {
    title: `Straight from a git repository: ${versions} versions of one module of 200 files`,
    columns,
    rows: parts.map((part) => rowOf(part, ours, theirs)),
    notes: [
      "Stoa: info, mod and zip over HTTP from an empty `stoa serve` with GOPROXY=direct, kept and flushed; its start does not count.",
      "go: `go mod download -json` with a fresh GOPATH for each version, as Athens does; checksum database off on both sides.",
      "Processor: what the first version takes of Stoa and of its git processes; it says the same on a busy machine.",
      "The repository is served over smart HTTP on the loopback address. Ratio: how many times longer go takes, the median of the rounds' ratios.",
    ],
  };
}

const columns = [
  { key: "what", heading: "what" },
  { key: "rounds", heading: "rounds" },
  { key: "goSeconds", heading: "go s", digits: 3 },
  { key: "stoaSeconds", heading: "stoa s", digits: 3 },
  { key: "stoaProcessor", heading: "stoa CPU ms", digits: 0 },
  { key: "gitProcessor", heading: "git CPU ms", digits: 0 },
  { key: "ratio", heading: "ratio", digits: 1 },
  { key: "spread", heading: "lowest–highest" },
  ...aimColumns,
];

function rowOf(
  [part, what, aim]: (typeof parts)[number],
  ours: readonly NativePassage[],
  theirs: readonly Passage[],
): Row {
  const stoaSeconds = ours.map((passage) => passage[part]);
  const goSeconds = theirs.map((passage) => passage[part]);
  const perRound = ratios(goSeconds, stoaSeconds);
  return {
    what,
    rounds: ours.length,
    goSeconds: median(goSeconds),
    stoaSeconds: median(stoaSeconds),
    ...(part === "first" && {
      stoaProcessor: median(ours.map(({ processor }) => processor.stoa * 1000)),
      gitProcessor: median(ours.map(({ processor }) => processor.git * 1000)),
    }),
    ratio: median(perRound),
    spread: spread(perRound, 1),
    ...(aim !== undefined && aimed(median(perRound), "at least", aim)),
  };
}

async function passNative({ environment }: GitRepositories, run: BenchRun): Promise<NativePassage> {
  await using stoa = await startStoa({ upstream: "direct", env: environment }, run);
  const before = processorSeconds(stoa);
  let processor: ProcessorSeconds | undefined;
  const passage = await passAll(run, async (path, version) => {
    for (const kind of ["info", "mod", "zip"]) {
      await downloadSmall(`${stoa.url}/${path}/@v/${version}.${kind}`, run.signal);
    }
    processor ??= difference(processorSeconds(stoa), before);
  });
  return { ...passage, processor: processor ?? before };
}

function processorSeconds({ pid }: StoaProcess): ProcessorSeconds {
  return {
    stoa: processorMicroseconds(pid) / 1e6,
    git: endedProcessorMicroseconds(pid) / 1e6,
  };
}

function difference(after: ProcessorSeconds, before: ProcessorSeconds): ProcessorSeconds {
  return { stoa: after.stoa - before.stoa, git: after.git - before.git };
}

async function passGoCommand({ environment }: GitRepositories, run: BenchRun): Promise<Passage> {
  return await passAll(run, async (path, version) => {
    const folder = await mkdtemp(join(run.folder, "gopath-"));
    const env = {
      ...plainEnvironment(),
      ...environment,
      GOPATH: folder,
      GOPROXY: "direct",
      GOSUMDB: "off",
      GOENV: "off",
      GOFLAGS: "-modcacherw",
      GOTOOLCHAIN: "local",
    };
    try {
      const words = ["mod", "download", "-json", `${path}@${version}`];
      await execute("go", words, { cwd: folder, env, signal: run.signal });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}

async function passAll(
  run: BenchRun,
  fetch: (path: string, version: string) => Promise<void>,
): Promise<Passage> {
  const timed = async (path: string, version: number): Promise<number> => {
    run.signal.throwIfAborted();
    const started = performance.now();
    await fetch(path, `v1.${version}.0`);
    return (performance.now() - started) / 1000;
  };
  const seconds: number[] = [];
  for (let version = 0; version < versions; version++) seconds.push(await timed(module, version));
  const [first = 0, ...others] = seconds;
  const all = seconds.reduce((sum, each) => sum + each, 0);
  return { first, second: median(others), other: await timed(otherModule, 0), all };
}
