// A cold build through a Stoa that was seeded with what it needs, against the same build straight from the upstream.
import { execFile } from "node:child_process";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { type BenchRun, type BenchTable, Skipped } from "../bench-run.ts";
import { buildSeconds, fetchProgram, type GoProgram, machineGoproxy } from "../go-command.ts";
import { aimColumns, aimed, type MeasuredTable, type Row } from "../measured-table.ts";
import { inTurns, median, ratios, spread } from "../samples.ts";
import { startBenchUpstream } from "../servers/bench-upstream.ts";
import { plainEnvironment } from "../servers/server-process.ts";
import { startStoa, stoaEnvironment, stoaProgram } from "../servers/stoa-process.ts";

export const seededBuild: BenchTable = { name: "seeded-build", needs: ["go"], measure };

/** The two that the seeds complain about, and what is built where the upstream does not serve them. */
const programs = [
  // It has no tags; this is the last commit of its default branch.
  { module: "github.com/arschles/bld@v0.0.0-20181130211135-320b58fc8002", main: "." },
  { module: "github.com/gomods/athens@v0.15.4", main: "./cmd/proxy" },
] as const;
const standIns = [
  { module: "github.com/caddyserver/caddy/v2@v2.10.2", main: "./cmd/caddy" },
  { module: "github.com/mikefarah/yq/v4@v4.44.3", main: "." },
] as const;

const seedMs = 600_000;
const execute = promisify(execFile);

async function measure(run: BenchRun): Promise<MeasuredTable> {
  const upstream = await machineGoproxy(run);
  const rows: Row[] = [];
  const absent: string[] = [];
  for (const { module, main } of programs) {
    const row = await measureProgram(module, main, upstream, run);
    if (row === undefined) absent.push(module);
    else rows.push(row);
  }
  // A quick run takes the smallest.
  const others = rows.length > 0 ? [] : run.isQuick ? standIns.slice(-1) : standIns;
  for (const { module, main } of others) {
    const row = await measureProgram(module, main, upstream, run);
    if (row !== undefined) rows.push(row);
  }
  if (rows.length === 0) {
    throw new Skipped(
      "the upstream that `go env GOPROXY` names gave none of the programs: is the network reachable?",
    );
  }
  return {
    title: "Cold build: `go build` with an empty module cache through a seeded Stoa",
    columns,
    rows,
    notes: [
      "Direct: from what `go env GOPROXY` names. go.sum as the program has it, checksum database on; compiled packages are kept from one build to the next, so that downloading is what differs.",
      "Seeded by `stoa modules seed` from the program's go.mod. Upstream calls: all requests that the serving Stoa made during the builds, for modules or the checksum database.",
      "From files: the same ratio for a build from the unpacked bundle by file://, without any server or network: what is left is the go command's own work.",
      ...(absent.length === 0 ? [] : [`The upstream does not serve ${absent.join(" and ")}.`]),
    ],
  };
}

const columns = [
  { key: "program", heading: "program" },
  { key: "direct", heading: "direct s", digits: 1 },
  { key: "seeded", heading: "through Stoa s", digits: 1 },
  { key: "ratio", heading: "ratio", digits: 2 },
  { key: "spread", heading: "lowest–highest" },
  { key: "files", heading: "from files", digits: 2 },
  { key: "calls", heading: "upstream calls" },
  ...aimColumns,
];

/** `undefined` if it cannot be built without Stoa either. */
async function measureProgram(
  module: string,
  main: string,
  upstream: string,
  run: BenchRun,
): Promise<Row | undefined> {
  run.say(`asking the upstream for ${module}`);
  const program = await fetchProgram(module, main, upstream, run);
  if (program === undefined) return undefined;
  run.say("one build that does not count");
  await buildSeconds(program, upstream, run);
  const root = await mkdtemp(join(run.folder, "seeded-"));
  run.say("seeding");
  await seed(program, root, upstream, run);
  const files = await unpackBundle(root, run);
  // Whoever is asked would be counted, and has nothing.
  await using nobody = await startBenchUpstream(await mkdtemp(join(run.folder, "nothing-")));
  const env = {
    ATHENS_DISK_STORAGE_ROOT: root,
    ATHENS_GO_BINARY_ENV_VARS: `GOPROXY=${nobody.url};GOSUMDB=sum.golang.org ${nobody.url}`,
  };
  await using stoa = await startStoa({ upstream: nobody.url, env }, run);
  run.say("building in turns");
  const measured = await inTurns([upstream, stoa.url, files], run.isQuick ? 2 : 5, (goproxy) =>
    buildSeconds(program, goproxy, run),
  );
  const direct = measured.get(upstream) ?? [];
  const seeded = measured.get(stoa.url) ?? [];
  const perRound = ratios(seeded, direct);
  const ratio = median(perRound);
  const calls = [...nobody.counts.values()].reduce((sum, count) => sum + count, 0);
  return {
    program: module,
    direct: median(direct),
    seeded: median(seeded),
    ratio,
    spread: spread(perRound, 2),
    files: median(ratios(measured.get(files) ?? [], direct)),
    calls,
    ...(calls === 0 ? aimed(ratio, "at most", 0.8) : { aim: "no call", reached: "no" }),
  };
}

/** All that `root` keeps as a GOPROXY of plain files. */
async function unpackBundle(root: string, run: BenchRun): Promise<string> {
  const folder = await mkdtemp(join(run.folder, "files-"));
  const archive = join(folder, "bundle.tar");
  const env = {
    ...plainEnvironment(),
    ...stoaEnvironment(run.folder, "off", ":0"),
    ATHENS_DISK_STORAGE_ROOT: root,
  };
  const options = { env, signal: run.signal, timeout: seedMs };
  await execute(process.execPath, [stoaProgram, "modules", "bundle", "--to", archive], options);
  await execute("tar", ["-xf", archive, "-C", folder], options);
  return pathToFileURL(folder).href;
}

async function seed(
  { folder }: GoProgram,
  root: string,
  upstream: string,
  run: BenchRun,
): Promise<void> {
  const env = {
    ...plainEnvironment(),
    ...stoaEnvironment(run.folder, upstream, ":0"),
    ATHENS_DISK_STORAGE_ROOT: root,
    ATHENS_GO_BINARY_ENV_VARS: `GOPROXY=${upstream}`,
  };
  const words = [stoaProgram, "modules", "seed", join(folder, "go.mod")];
  await execute(process.execPath, words, { env, signal: run.signal, timeout: seedMs });
}
