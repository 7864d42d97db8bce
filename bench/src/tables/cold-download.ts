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
import { startStoa } from "../servers/stoa-process.ts";

export const coldDownload: BenchTable = { name: "cold-download", needs: ["go"], measure };

/** Projects that need many modules; the second is for when time is short. */
const projects = [
  "github.com/prometheus/prometheus@v0.54.1",
  "github.com/cli/cli/v2@v2.60.0",
] as const;

/** The same download, straight from the upstream and through proxies. */
interface Course {
  readonly goMod: string;
  /** In GOPROXY's grammar. */
  readonly upstream: string;
}

/** Seconds, round by round. */
interface Found {
  readonly direct: number[];
  readonly cold: number[];
  readonly warm: number[];
  /** For each peer: `cold` has no more than the first download through it. */
  readonly peers: Map<Peer, { readonly cold: number[]; readonly warm: number[] }>;
}

async function measure(run: BenchRun): Promise<MeasuredTable> {
  const project = run.isQuick ? projects[1] : projects[0];
  const upstream = await machineGoproxy(run);
  run.say(`asking the upstream for ${project}`);
  const course = { goMod: await fetchGoMod(project, upstream, run), upstream };
  run.say("one download that does not count");
  const size = await measureDownload(course.goMod, upstream, run);
  const found = await measureRounds(course, run);
  return {
    title: `Cold download: \`go mod download\` of ${project}`,
    columns,
    rows: rowsOf(found),
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
  ...aimColumns,
];

function notesOn({ modules, zipBytes }: DownloadSize): readonly string[] {
  return [
    `${modules} modules, ${Math.round(zipBytes / 1e6)} MB of zips, unpacked by the go command; an empty module cache each time, checksum database off.`,
    "The upstream is what `go env GOPROXY` names, for both; who begins changes from round to round; one download before the first round does not count.",
    "Ratio: the median of the rounds' ratios to the direct download of the same round.",
  ];
}

async function measureRounds(course: Course, run: BenchRun): Promise<Found> {
  const found: Found = { direct: [], cold: [], warm: [], peers: new Map() };
  for (const peer of run.peers) found.peers.set(peer, { cold: [], warm: [] });
  for (let round = 0; round < (run.isQuick ? 2 : 5); round++) {
    run.say(`round ${round + 1}: straight from the upstream, and twice through an empty Stoa`);
    const steps = [() => addDirect(found, course, run), () => addStoa(found, course, run)];
    if (round % 2 === 1) steps.reverse();
    for (const step of steps) await step();
    await addPeers(found, course, run);
  }
  return found;
}

async function addDirect(found: Found, { goMod, upstream }: Course, run: BenchRun): Promise<void> {
  found.direct.push(await downloadSeconds(goMod, upstream, run));
}

async function addStoa(found: Found, { goMod, upstream }: Course, run: BenchRun): Promise<void> {
  await using stoa = await startStoa({ upstream }, run);
  found.cold.push(await downloadSeconds(goMod, stoa.url, run));
  found.warm.push(await downloadSeconds(goMod, stoa.url, run));
}

async function addPeers(found: Found, { goMod }: Course, run: BenchRun): Promise<void> {
  for (const [peer, seconds] of found.peers) {
    run.say(`the same through ${peer.name}`);
    const isFirst = seconds.cold.length === 0;
    const list = isFirst ? seconds.cold : seconds.warm;
    list.push(await downloadSeconds(goMod, peer.url, run));
  }
}

function rowsOf({ direct, cold, warm, peers }: Found): readonly Row[] {
  const coldRow = rowOf("empty Stoa", cold, direct);
  const ratio = coldRow["ratio"];
  const aim = typeof ratio === "number" ? aimed(ratio, "at most", 1.15) : {};
  const peerRows = [...peers].flatMap(([{ name }, seconds]) => [
    rowOf(`${name}, first download`, seconds.cold, direct),
    rowOf(`${name}, again`, seconds.warm, direct.slice(1)),
  ]);
  return [{ ...coldRow, ...aim }, rowOf("the same Stoa again", warm, direct), ...peerRows];
}

/** `seconds` may have fewer rounds than `direct`: it has the first ones. */
function rowOf(through: string, seconds: Samples, direct: Samples): Row {
  const same = direct.slice(0, seconds.length);
  const perRound = ratios(seconds, same);
  return {
    through,
    rounds: seconds.length,
    directSeconds: median(same),
    seconds: median(seconds),
    ratio: median(perRound),
    spread: spread(perRound, 2),
  };
}
