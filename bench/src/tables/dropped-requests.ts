// Requests that fail while a service is deployed and rolled back under a steady load.
import { Agent, get } from "node:http";
import type { BenchRun, BenchTable } from "../bench-run.ts";
import { aimColumns, aimed, type MeasuredTable, type Row } from "../measured-table.ts";
import { type Fleet, type FleetService, startFleet } from "../servers/fleet.ts";

export const droppedRequests: BenchTable = { name: "dropped-requests", needs: ["go"], measure };

interface Mode {
  readonly name: string;
  readonly keepAlive: boolean;
  readonly query: string;
  readonly clients: number;
}

const modes: readonly Mode[] = [
  { name: "a connection for each", keepAlive: false, query: "", clients: 16 },
  { name: "kept connections", keepAlive: true, query: "", clients: 16 },
  { name: "requests that take 100 ms", keepAlive: true, query: "?pause=100ms", clients: 100 },
];

async function measure(run: BenchRun): Promise<MeasuredTable> {
  const swaps = run.isQuick ? 4 : 50;
  const rows: Row[] = [];
  for (const manner of ["polite", "plain"] as const) {
    const service = { manner, weightBytes: 1 } as const;
    await using fleet = await startFleet(run, 1, service);
    for (const label of ["1", "2"]) await fleet.stoa("deploy", "--label", label);
    for (const mode of modes) rows.push(await modeRow(run, fleet, { service, mode, swaps }));
  }
  return {
    title: `Requests that failed in ${swaps} deployments and rollbacks`,
    columns: [
      { key: "service", heading: "service" },
      { key: "mode", heading: "clients" },
      { key: "requests", heading: "requests" },
      { key: "rate", heading: "a second" },
      { key: "failed", heading: "failed" },
      { key: "longest", heading: "longest, ms" },
      ...aimColumns,
    ],
    rows,
    notes: [
      "polite: takes its socket and drains, as docs/examples/drain-go. plain: knows nothing but $PORT, so old and new cannot overlap.",
      "No client tries a request twice. Clients, service, agent and control plane share this machine.",
    ],
  };
}

async function modeRow(
  run: BenchRun,
  fleet: Fleet,
  { service, mode, swaps }: { service: FleetService; mode: Mode; swaps: number },
): Promise<Row> {
  const [{ url }] = JSON.parse(await fleet.stoa("list", "--json"));
  const load = new Load(`${url}${mode.query}`, mode);
  const began = performance.now();
  for (let swap = 1; swap <= swaps; swap++) {
    run.say(`${service.manner}, ${mode.name}: ${swap} of ${swaps}`);
    // Each goes back to what ran before the last one.
    await fleet.stoa("rollback", "hello");
  }
  const seconds = (performance.now() - began) / 1000;
  const { answers, failed, longestMs } = await load.end();
  return {
    service: service.manner,
    mode: mode.name,
    requests: answers,
    rate: answers / seconds,
    failed,
    longest: longestMs,
    ...(service.manner === "polite" ? aimed(failed, "at most", 0) : {}),
  };
}

/** Clients that never rest. */
class Load {
  #answers = 0;
  #failed = 0;
  #longestMs = 0;
  #hasEnded = false;
  readonly #clients: Promise<unknown>;
  readonly #agent: Agent;

  constructor(url: string, { keepAlive, clients }: Mode) {
    this.#agent = new Agent({ keepAlive, maxSockets: clients });
    this.#clients = Promise.all(Array.from({ length: clients }, () => this.#client(url)));
  }

  async end(): Promise<{ answers: number; failed: number; longestMs: number }> {
    this.#hasEnded = true;
    await this.#clients;
    this.#agent.destroy();
    return { answers: this.#answers, failed: this.#failed, longestMs: this.#longestMs };
  }

  async #client(url: string): Promise<void> {
    while (!this.#hasEnded) {
      const began = performance.now();
      if (await this.#ask(url)) this.#answers += 1;
      else this.#failed += 1;
      this.#longestMs = Math.max(this.#longestMs, performance.now() - began);
    }
  }

  #ask(url: string): Promise<boolean> {
    return new Promise((resolve) => {
      const request = get(url, { agent: this.#agent }, (response) => {
        response.resume();
        response.on("end", () => resolve(response.complete && response.statusCode === 200));
        response.on("error", () => resolve(false));
      });
      request.on("error", () => resolve(false));
    });
  }
}
