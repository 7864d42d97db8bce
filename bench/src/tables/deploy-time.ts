// From `stoa deploy` to the last validated machine, back again, and what an agent costs that has nothing to do.
import { setTimeout as pause } from "node:timers/promises";
import type { BenchRun, BenchTable } from "../bench-run.ts";
import { aimColumns, aimed, type MeasuredTable, type Row } from "../measured-table.ts";
import { median, spread } from "../samples.ts";
import { type Fleet, startFleet } from "../servers/fleet.ts";
import { processorMicroseconds, residentMemory } from "../servers/process-figures.ts";

export const deployTime: BenchTable = { name: "deploy-time", needs: ["go"], measure };

const weightBytes = 2_000_000;

async function measure(run: BenchRun): Promise<MeasuredTable> {
  const rows: Row[] = [];
  for (const size of run.isQuick ? [1, 10] : [1, 10, 50])
    rows.push(...(await fleetRows(run, size)));
  return {
    title: "A program of 10 MB: deployed all at once, rolled back, and idle",
    columns: [
      { key: "what", heading: "what" },
      { key: "machines", heading: "machines" },
      { key: "figure", heading: "figure", digits: 2 },
      { key: "spread", heading: "lowest–highest" },
      ...aimColumns,
    ],
    rows,
    notes: [
      "Medians. A deployment is the whole command: link (packages are compiled already), upload, rollout, and every machine validated. A rollback is the whole command too.",
      "All machines are processes of this one: with many of them its cores are the limit, which a real fleet does not share.",
    ],
  };
}

async function fleetRows(run: BenchRun, size: number): Promise<readonly Row[]> {
  run.say(`starting ${size} agents`);
  await using fleet = await startFleet(run, size, { manner: "polite", weightBytes });
  const deploy = (label: string): Promise<string> =>
    fleet.stoa("deploy", "--label", label, "--strategy", "all-at-once");
  await deploy("warm");
  const deployments: number[] = [];
  const rollbacks: number[] = [];
  for (let round = 1; round <= (run.isQuick ? 2 : 5); round++) {
    run.say(`${size} agents: deployment ${round}`);
    deployments.push(await seconds(() => deploy(`1.${round}`)));
    rollbacks.push(await seconds(() => fleet.stoa("rollback", "hello")));
  }
  const isAimed = size === 10;
  return [
    timeRow("stoa deploy, in s", size, deployments, isAimed ? 5 : undefined),
    timeRow("stoa rollback, in s", size, rollbacks, isAimed ? 2 : undefined),
    ...(await idleRows(run, fleet)),
  ];
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1000;
}

function timeRow(
  what: string,
  machines: number,
  samples: readonly number[],
  limit: number | undefined,
): Row {
  const figure = median(samples);
  const aim = limit === undefined ? {} : aimed(figure, "at most", limit);
  return { what, machines, figure, spread: spread(samples, 2), ...aim };
}

const settleMs = 15_000;

/** The busiest of the agents would hide in a mean, and the laziest says nothing: medians. */
async function idleRows(run: BenchRun, { machines }: Fleet): Promise<readonly Row[]> {
  const idleMs = run.isQuick ? 5_000 : 30_000;
  run.say(`${machines.length} agents idle`);
  // After the last rollback old processes drain, and old releases are removed.
  await pause(settleMs);
  const pids = machines.map((machine) => [machine.agentPid, machine.keeperPid()] as const);
  const before = pids.map(([agent]) => processorMicroseconds(agent));
  await pause(idleMs);
  const used = pids.map(([agent], at) => processorMicroseconds(agent) - (before[at] ?? 0));
  const percent = used.map((microseconds) => microseconds / idleMs / 10);
  const megabytes = (at: 0 | 1): readonly number[] =>
    pids.map((both) => residentMemory(both[at]).now / 1e6);
  const row = (what: string, samples: readonly number[], limit?: number): Row => {
    const figure = median(samples);
    const aim = limit === undefined ? {} : aimed(figure, "at most", limit);
    return { what, machines: machines.length, figure, spread: spread(samples, 2), ...aim };
  };
  return [
    row("agent, idle: memory in MB", megabytes(0), 80),
    row("keeper, idle: memory in MB", megabytes(1)),
    row("agent, idle: % of a core", percent, 1),
  ];
}
