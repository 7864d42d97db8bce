// From the start of the program to the first good answer on its port.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { get } from "node:http";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { BenchRun, BenchTable } from "../bench-run.ts";
import type { MeasuredTable, Row } from "../measured-table.ts";
import { inTurns, median, ratios, type Samples, spread } from "../samples.ts";
import { freePort, isAccepting } from "../servers/free-port.ts";
import { stoaEnvironment, stoaProgram } from "../servers/stoa-process.ts";

export const timeToReady: BenchTable = { name: "time-to-ready", needs: [], measure };

/** A way to start something, and how long it took until it was there. */
interface Start {
  readonly name: string;
  /** Starts it, waits until it is ready, ends it. In milliseconds. */
  measure(run: BenchRun): Promise<number>;
}

const repository = fileURLToPath(new URL("../../..", import.meta.url));
const runner = join(repository, "scripts", "run.mjs");
const patienceMs = 60_000;

const bareNode: Start = {
  name: "node -e 0 (to its end)",
  measure: async () => {
    const started = performance.now();
    const child = spawn(process.execPath, ["-e", "0"], { stdio: "ignore" });
    await once(child, "exit");
    return performance.now() - started;
  },
};

const starts: readonly Start[] = [
  bareNode,
  stoaStart("node stoa/src/main.ts serve", [process.execPath, stoaProgram, "serve"]),
  stoaStart(
    "node scripts/run.mjs …, first time",
    [process.execPath, runner, stoaProgram, "serve"],
    {
      isFirst: true,
    },
  ),
  stoaStart("node scripts/run.mjs …, again", [process.execPath, runner, stoaProgram, "serve"]),
  stoaStart("npm start, again", ["npm", "start", "--silent"]),
];

async function measure(run: BenchRun): Promise<MeasuredTable> {
  run.say("starting everything once, so that files and compiled code are where they will be");
  for (const start of starts) await start.measure(run);
  run.say("measuring");
  const measured = await inTurns(starts, run.isQuick ? 3 : 7, (start) => start.measure(run));
  const bare = measured.get(bareNode) ?? [];
  return {
    title: "Time to ready: from the start of the program to /healthz with 200",
    columns,
    rows: starts.map((start) => rowOf(start.name, measured.get(start) ?? [], bare)),
    notes: [
      "Medians of rounds in turns, on all cores. Ratio: to the time in which the same Node starts and ends with nothing to do, in the same round.",
      "First time: no compiled code is kept from an earlier start. npm start adds npm itself and the Node that runs npm.",
    ],
  };
}

const columns = [
  { key: "start", heading: "start" },
  { key: "milliseconds", heading: "ms", digits: 0 },
  { key: "spread", heading: "lowest–highest" },
  { key: "ratio", heading: "ratio", digits: 1 },
];

function rowOf(start: string, milliseconds: Samples, bare: Samples): Row {
  return {
    start,
    milliseconds: median(milliseconds),
    spread: spread(milliseconds, 0),
    ratio: median(ratios(milliseconds, bare)),
  };
}

function stoaStart(
  name: string,
  [program, ...words]: readonly [string, ...string[]],
  { isFirst = false } = {},
): Start {
  const measureStart = async (run: BenchRun): Promise<number> => {
    const folder = await mkdtemp(join(run.folder, "start-"));
    const port = await freePort();
    const env = stoaEnvironment(folder, "off", `127.0.0.1:${port}`);
    if (isFirst) env["NODE_COMPILE_CACHE"] = join(folder, "compiled");
    const started = performance.now();
    // A group of its own: npm starts a shell, which starts Stoa, and all of them must end.
    const child = spawn(program, words, { cwd: repository, env, stdio: "ignore", detached: true });
    try {
      await untilHealthy(port, child);
      return performance.now() - started;
    } finally {
      await end(child, port);
    }
  };
  return { name, measure: measureStart };
}

/** Asks /healthz until it answers 200. A refused connection costs next to nothing, so it is asked without mercy. */
async function untilHealthy(port: number, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!(await isHealthy(port))) {
    if (child.exitCode !== null) throw new Error("Stoa ended before it was ready");
    if (performance.now() > deadline) throw new Error("Stoa was not ready in time");
    await pause(1);
  }
}

function isHealthy(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = get({ port, host: "127.0.0.1", path: "/healthz", agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    asked.once("error", () => resolve(false));
  });
}

/** Ends the whole group of a child, and waits until the last of it has let go of the port. */
async function end(child: ChildProcess, port: number): Promise<void> {
  const ended = child.exitCode === null ? once(child, "exit") : undefined;
  if (child.pid !== undefined) signalGroup(child.pid, "SIGTERM");
  await ended;
  while (await isAccepting(port)) await pause(5);
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code !== "ESRCH") throw failure;
  }
}
