// What rules cost: Stoa with a download file, a filter, an account and an index, against Stoa without any of them.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BenchRun, BenchTable } from "../bench-run.ts";
import { downloadSmall } from "../download.ts";
import { compareLoads, comparisonColumns, measureLoad } from "../load-comparison.ts";
import { aimColumns, aimed, type MeasuredTable, type Row } from "../measured-table.ts";
import { addFile, addVersion, makeModuleTree } from "../module-tree.ts";
import { inTurns } from "../samples.ts";
import { startBenchUpstream } from "../servers/bench-upstream.ts";
import type { Contender } from "../servers/contender.ts";
import { serverCore } from "../servers/server-process.ts";
import { type StoaProcess, startStoa } from "../servers/stoa-process.ts";
import { warmUp } from "../wrk.ts";

export const policyCost: BenchTable = { name: "policy-cost", needs: ["wrk", "taskset"], measure };

/** An answer under load. */
interface Answer {
  readonly name: string;
  readonly path: string;
}

/** So many rules come before the one that matches. */
const idleRules = 50;
const account = { user: "reader", password: "open-sesame" };
const authorization = `Basic ${Buffer.from(`${account.user}:${account.password}`).toString("base64")}`;
/** Rates of equal servers differ by about that much. */
const noise = 0.95;

async function measure(run: BenchRun): Promise<MeasuredTable> {
  const tree = await makeModuleTree(run);
  const small = await addVersion(tree, "example.com/bench/small@v1.0.0", 10_000);
  const large = await addVersion(tree, "example.com/bench/large@v1.0.0", 2_000_000);
  for (const paths of [small, large]) await addFile(tree, paths.list, "v1.0.0\n");
  const answers: readonly Answer[] = [
    { name: ".info", path: small.info },
    { name: "list", path: small.list },
    { name: "zip of 10 kB", path: small.zip },
    { name: "zip of 2 MB", path: large.zip },
  ];
  await using upstream = await startBenchUpstream(tree.root);
  const start = { upstream: upstream.url, core: serverCore };
  await using plain = await startStoa({ ...start, env: { ATHENS_INDEX_TYPE: "none" } }, run);
  await using ruled = await startStoa({ ...start, env: await rules(run) }, run);
  const contenders = [contender("with rules", ruled), contender("without", plain)] as const;
  for (const { path } of answers) {
    for (const { url } of contenders) {
      await downloadSmall(`${url}${path}`, run.signal, { authorization });
    }
  }
  const rows: Row[] = [];
  for (const answer of answers) rows.push(await compare(answer, contenders, run));
  return { title: "Hot answers of Stoa with rules, against Stoa without", columns, rows, notes };
}

const columns = [{ key: "answer", heading: "answer" }, ...comparisonColumns, ...aimColumns];

const notes = [
  `"Stoa" has a download file and a filter, each with ${idleRules} rules before the one that matches, an account and the SQLite index; "theirs" is Stoa with none of them. Both are sent the account.`,
  "One core for the server, another for wrk; 64 connections that stay open; medians of rounds in turns.",
];

async function compare(
  { name, path }: Answer,
  contenders: readonly [Contender, Contender],
  run: BenchRun,
): Promise<Row> {
  run.say(`${name}: measuring`);
  const loadOf = ({ url }: Contender) => ({
    url: `${url}${path}`,
    header: `Authorization: ${authorization}`,
  });
  for (const each of contenders) await warmUp(loadOf(each), run);
  const measured = await inTurns(contenders, run.isQuick ? 2 : 7, (each) =>
    measureLoad(each, { ...loadOf(each), seconds: 1 }, run.signal),
  );
  const [ours, others] = contenders;
  const row = compareLoads(measured.get(ours) ?? [], measured.get(others) ?? []);
  return { answer: name, ...row, ...aimed(row.ratio, "at least", noise) };
}

function contender(name: string, { url, pid, cutLog }: StoaProcess): Contender {
  return { name, url, pid, tidy: cutLog };
}

/** The environment of a Stoa with everything that is decided about a request. */
async function rules({ folder }: BenchRun): Promise<NodeJS.ProcessEnv> {
  const names = Array.from({ length: idleRules }, (_, n) => `example.com/other${n}`);
  const blocks = names.map((name) => `download "${name}/*" {\n  mode = "none"\n}\n`);
  const download = join(folder, "download.hcl");
  const ending = 'download "example.com/bench/*" {\n  mode = "sync"\n}\n';
  await writeFile(download, `mode = "none"\ndownloadURL = ""\n${blocks.join("")}${ending}`);
  const filter = join(folder, "filter.txt");
  const lines = names.map((name) => `- ${name}\n`).join("");
  await writeFile(filter, `-\n${lines}+ example.com/bench v1\n`);
  return {
    ATHENS_DOWNLOAD_MODE: `file:${download}`,
    ATHENS_FILTER_FILE: filter,
    BASIC_AUTH_USER: account.user,
    BASIC_AUTH_PASS: account.password,
    ATHENS_INDEX_TYPE: "sqlite",
  };
}
