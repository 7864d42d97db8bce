// `go mod download` of a large real project into an empty module cache: through Stoa, and straight from the upstream.
import type { BenchRun, BenchTable, Peer } from "../bench-run.ts";
import {
  type DownloadSize,
  downloadSeconds,
  fetchGoMod,
  machineGoproxy,
  measureDownload,
} from "../go-command.ts";
import { aimColumns, aimed, type MeasuredTable, type Row } from "../measured-table.ts";
import { median, ratios, type Samples, spread } from "../samples.ts";
import { processorMicroseconds } from "../servers/process-figures.ts";
import { startStoa } from "../servers/stoa-process.ts";

export const coldDownload: BenchTable = { name: "cold-download", needs: ["go"], measure };

/** A project of usual size in this trade: 158 modules. */
const project = "github.com/cli/cli/v2@v2.60.0";

/** The same download, straight from the upstream and through proxies. */
interface Course {
  readonly goMod: string;
  /** In GOPROXY's grammar. */
  readonly upstream: string;
}

/** One `go mod download`. */
interface Passage {
  readonly round: number;
  readonly through: string;
  readonly seconds: number;
  /** Processor time that the proxy took, in seconds; `undefined` if it is not ours. */
  readonly processorSeconds?: number;
}

const direct = "the upstream";
const emptyStoa = "empty Stoa";

async function measure(run: BenchRun): Promise<MeasuredTable> {
  const upstream = await machineGoproxy(run);
  run.say(`asking the upstream for ${project}`);
  const course = { goMod: await fetchGoMod(project, upstream, run), upstream };
  run.say("one download that does not count");
  const size = await measureDownload(course.goMod, upstream, run);
  const passages = await measureRounds(course, run);
  return {
    title: `Cold download: \`go mod download\` of ${project}`,
    columns,
    rows: rowsOf(passages),
    notes: notesOn(size),
  };
}

const columns = [
  { key: "through", heading: "through" },
  { key: "rounds", heading: "rounds" },
  { key: "directSeconds", heading: "direct s", digits: 1 },
  { key: "seconds", heading: "through it s", digits: 1 },
  { key: "ratio", heading: "ratio", digits: 2 },
  { key: "spread", heading: "lowest–highest" },
  { key: "processorSeconds", heading: "its CPU s", digits: 1 },
  ...aimColumns,
];

function notesOn({ modules, zipBytes }: DownloadSize): readonly string[] {
  return [
    `${modules} modules, ${Math.round(zipBytes / 1e6)} MB of zips, unpacked by the go command; an empty module cache each time, checksum database off.`,
    "The upstream is what `go env GOPROXY` names, for both; who begins changes from round to round; one download before the first round does not count.",
    "Ratio: the median of the rounds' ratios to the direct download of the same round.",
  ];
}

async function measureRounds(course: Course, run: BenchRun): Promise<readonly Passage[]> {
  const passages: Passage[] = [];
  for (let round = 0; round < (run.isQuick ? 2 : 5); round++) {
    run.say(`round ${round + 1}: straight from the upstream, and twice through an empty Stoa`);
    const ways = [passDirectly, passStoa];
    if (round % 2 === 1) ways.reverse();
    for (const way of ways) passages.push(...(await way(course, round, run)));
    for (const peer of run.peers) passages.push(await passPeer(peer, course, round, run));
  }
  return passages;
}

async function passDirectly(
  { goMod, upstream }: Course,
  round: number,
  run: BenchRun,
): Promise<readonly Passage[]> {
  return [{ round, through: direct, seconds: await downloadSeconds(goMod, upstream, run) }];
}

/** The second time everything is kept already. */
async function passStoa(
  { goMod, upstream }: Course,
  round: number,
  run: BenchRun,
): Promise<readonly Passage[]> {
  await using stoa = await startStoa({ upstream }, run);
  const pass = async (through: string): Promise<Passage> => {
    const before = processorMicroseconds(stoa.pid);
    const seconds = await downloadSeconds(goMod, stoa.url, run);
    const processorSeconds = (processorMicroseconds(stoa.pid) - before) / 1e6;
    return { round, through, seconds, processorSeconds };
  };
  return [await pass(emptyStoa), await pass("the same Stoa again")];
}

async function passPeer(
  { name, url }: Peer,
  { goMod }: Course,
  round: number,
  run: BenchRun,
): Promise<Passage> {
  run.say(`the same through ${name}`);
  const through = round === 0 ? `${name}, first download` : `${name} again`;
  return { round, through, seconds: await downloadSeconds(goMod, url, run) };
}

/** A row for each way but the direct one, which all are compared with. */
function rowsOf(passages: readonly Passage[]): readonly Row[] {
  const directSeconds = new Map(
    passages.filter(({ through }) => through === direct).map((each) => [each.round, each.seconds]),
  );
  const ways = new Set(passages.map(({ through }) => through));
  ways.delete(direct);
  return [...ways].map((way) => {
    const taken = passages.filter(({ through }) => through === way);
    const same = taken.map(({ round }) => directSeconds.get(round) ?? Number.NaN);
    return rowOf(way, taken, same);
  });
}

/** `directly` has the direct download of each passage's round. */
function rowOf(through: string, passages: readonly Passage[], directly: Samples): Row {
  const seconds = passages.map((passage) => passage.seconds);
  const perRound = ratios(seconds, directly);
  const ratio = median(perRound);
  const processor = passages.flatMap(({ processorSeconds }) => processorSeconds ?? []);
  return {
    through,
    rounds: passages.length,
    directSeconds: median(directly),
    seconds: median(seconds),
    ratio,
    spread: spread(perRound, 2),
    ...(processor.length > 0 && { processorSeconds: median(processor) }),
    ...(through === emptyStoa && aimed(ratio, "at most", 1.15)),
  };
}
