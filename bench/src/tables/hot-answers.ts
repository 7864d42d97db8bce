// Answers that are kept already, against nginx serving the same bytes from files: one core for the server, one for wrk.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { BenchRun, BenchTable, Peer } from "../bench-run.ts";
import { downloadSmall } from "../download.ts";
import { compareLoads, comparisonColumns, measureLoad } from "../load-comparison.ts";
import { aimColumns, aimed, type MeasuredTable, type Row } from "../measured-table.ts";
import {
  addFile,
  addVersion,
  addVersionsWithoutZip,
  type ModuleTree,
  makeModuleTree,
  moduleVersion,
  pathsOf,
  type VersionPaths,
} from "../module-tree.ts";
import { inTurns } from "../samples.ts";
import { startBareNode } from "../servers/bare-node.ts";
import { startBenchUpstream } from "../servers/bench-upstream.ts";
import type { Contender } from "../servers/contender.ts";
import { startNginx } from "../servers/nginx-server.ts";
import { serverCore } from "../servers/server-process.ts";
import { startStoa } from "../servers/stoa-process.ts";
import { warmUp, writePaths } from "../wrk.ts";

export const hotAnswers: BenchTable = {
  name: "hot-answers",
  needs: ["nginx", "wrk", "taskset"],
  measure,
};

/** A kind of answer under load. */
interface Answer {
  readonly name: string;
  /** The path of one such answer, for checking the bytes. */
  readonly path: string;
  readonly pathsFile?: string;
  /** The least ratio to nginx' rate that is aimed at. */
  readonly leastRatio: number;
}

/** An answer, and who gives it: ours first, then those it is compared with. */
interface Match {
  readonly answer: Answer;
  readonly contenders: readonly [Contender, ...Contender[]];
}

const listedVersions = 200;
const manyVersions = 1000;
const zipBytes = 2_000_000;
/** A public module whose zip is about 2 MB: what peers are compared with. */
const publicModule = "golang.org/x/net@v0.27.0";

async function measure(run: BenchRun): Promise<MeasuredTable> {
  const tree = await makeModuleTree(run);
  const answers = await addAnswers(tree, run);
  const publicAnswers = await addPublicAnswers(tree, run);
  await using upstream = await startBenchUpstream(tree.root);
  await using stoa = await startStoa({ upstream: upstream.url, core: serverCore }, run);
  const { root } = tree;
  await using nginx = await startNginx({ root, upstream: upstream.url, core: serverCore }, run);

  const [first] = answers;
  await using bare = await startBareNode(join(root, first.path), serverCore, run);
  const ours: Contender = { name: "stoa", url: stoa.url, pid: stoa.pid, tidy: stoa.cutLog };
  const files = [nginx.plain, nginx.fileCache, nginx.tuned];
  const peers = run.peers.map((peer): Contender => ({ ...peer, pid: undefined }));
  await keepMany(stoa.url, answers, run);
  const matches = [
    ...answers.map((answer): Match => {
      const others = answer === first ? [...files, bare.contender] : files;
      return { answer, contenders: [ours, ...others] };
    }),
    ...publicAnswers.map(
      (answer): Match => ({ answer, contenders: [ours, nginx.plain, ...peers] }),
    ),
  ];
  for (const match of matches) await prepare(match, root, run);
  const rows: Row[] = [];
  for (const match of matches) rows.push(...(await compare(match, run)));
  return { title: "Hot answers: requests a second, Stoa against others", columns, rows, notes };
}

const columns = [
  { key: "answer", heading: "answer" },
  { key: "against", heading: "against" },
  ...comparisonColumns,
  ...aimColumns,
];

const notes = [
  "One core for the server, another for wrk; 64 connections that stay open; medians of rounds in turns; ratio is the median of the rounds' ratios.",
  "µs CPU is the server's processor time for one request, and CPU ratio theirs divided by Stoa's. Busy is the share of its core that a server had: where it is below 0.9, wrk was the limit, or another program took the core, and CPU ratio says more than ratio.",
  "Access logs on everywhere. nginx: sendfile, gzip off, one worker; it writes a line of its log for each request unless the row says otherwise.",
];

/** The answers of made-up modules. */
async function addAnswers(
  tree: ModuleTree,
  run: BenchRun,
): Promise<readonly [Answer, ...Answer[]]> {
  const name = "example.com/bench/hot";
  const versions = Array.from({ length: listedVersions }, (_, n) => `v1.${n}.0`);
  const paths = await addVersion(tree, `${name}@v1.0.0`, zipBytes);
  await addFile(tree, paths.list, versions.map((version) => `${version}\n`).join(""));
  const many = Array.from({ length: manyVersions }, (_, n) => `example.com/bench/many@v1.${n}.0`);
  const manyInfos = (await addVersionsWithoutZip(tree, many)).map(({ info }) => info);
  const pathsFile = join(run.folder, "paths-of-many");
  await writePaths(pathsFile, manyInfos);
  const [oneOfMany = ""] = manyInfos;
  return [
    { name: ".info", path: paths.info, leastRatio: 1 },
    { name: `.info of ${manyVersions}`, path: oneOfMany, pathsFile, leastRatio: 1 },
    { name: ".mod", path: paths.mod, leastRatio: 1 },
    { name: "list", path: paths.list, leastRatio: 1 },
    { name: "zip of 2 MB", path: paths.zip, leastRatio: 0.85 },
  ];
}

/** The answers that peers can give as well, as the first of them gives them; none without peers. */
async function addPublicAnswers(tree: ModuleTree, run: BenchRun): Promise<readonly Answer[]> {
  const [first] = run.peers;
  if (first === undefined) return [];
  const paths = pathsOf(moduleVersion(publicModule));
  for (const path of Object.values(paths)) {
    run.say(`fetching ${path} through every peer`);
    for (const peer of run.peers) await fetchFrom(peer, path, run);
    await addFile(tree, path, await fetchFrom(first, path, run));
  }
  const answer = (file: keyof VersionPaths, leastRatio: number): Answer => ({
    name: `${file} of x/net`,
    path: paths[file],
    leastRatio,
  });
  return [answer("info", 1), answer("mod", 1), answer("list", 1), answer("zip", 0.85)];
}

async function fetchFrom(peer: Peer, path: string, run: BenchRun): Promise<Uint8Array> {
  try {
    return await downloadSmall(`${peer.url}${path}`, run.signal);
  } catch (failure) {
    throw new Error(`${peer.name} does not have ${path}`, { cause: failure });
  }
}

/** Lets Stoa fetch whatever is asked for in random order later. */
async function keepMany(url: string, answers: readonly Answer[], run: BenchRun): Promise<void> {
  for (const { pathsFile } of answers) {
    if (pathsFile === undefined) continue;
    const paths = (await readFile(pathsFile, "utf8")).trim().split("\n");
    for (const path of paths) await downloadSmall(`${url}${path}`, run.signal);
  }
}

/** All matches are prepared before the first is measured: a server for Node needs some load to become fast. */
async function prepare({ answer, contenders }: Match, root: string, run: BenchRun): Promise<void> {
  run.say(`${answer.name}: warming up`);
  for (const contender of contenders) {
    await checkBytes(contender, answer, root, run);
    await warmUp(loadOf(contender, answer), run);
    contender.tidy?.();
  }
}

/** One row for each but the first contender, which is compared with them. */
async function compare({ answer, contenders }: Match, run: BenchRun): Promise<readonly Row[]> {
  run.say(`${answer.name}: measuring`);
  const measured = await inTurns(contenders, run.isQuick ? 2 : 7, (contender) =>
    measureLoad(contender, { ...loadOf(contender, answer), seconds: 1 }, run.signal),
  );
  const [ours, ...others] = contenders;
  return others.map((other) => {
    const row = compareLoads(measured.get(ours) ?? [], measured.get(other) ?? []);
    const isAimed = other.name === "nginx";
    const aim = isAimed ? aimed(row.ratio, "at least", answer.leastRatio) : {};
    return { answer: answer.name, against: other.name, ...row, ...aim };
  });
}

/** The same bytes or no comparison. What a list says may differ from one moment, and proxy, to the next. */
async function checkBytes(
  contender: Contender,
  { path }: Answer,
  root: string,
  run: BenchRun,
): Promise<void> {
  const bytes = await downloadSmall(`${contender.url}${path}`, run.signal);
  if (path.endsWith("/list") && contender.pid === undefined) return;
  const expected = await readFile(join(root, path));
  if (expected.compare(bytes) !== 0) {
    throw new Error(`${contender.name} answers ${path} with other bytes than the upstream has`);
  }
}

function loadOf(contender: Contender, { path, pathsFile }: Answer) {
  return { url: `${contender.url}${path}`, pathsFile };
}
