// The processes of one machine: what a keeper runs, and what is heard when they are asked. They outlive the agent.
import {
  AgentFailure,
  type Answer,
  type Launch,
  type Probe,
  type ProcessState,
  type ProcessView,
  type StopOrder,
  type Supervisor,
} from "@stoa/agent/testing";
import { sha256Hex } from "@stoa/deployment";
import type { SeededRandom } from "@stoa/deployment/testing";
import type { MemoryDisk } from "./memory-disk.ts";
import type { SimulatedTime } from "./simulated-time.ts";

/** How a program behaves; its first line says so. */
export type Behavior = "works" | "crashes" | "refuses" | "hangs";

interface Process {
  readonly service: string;
  readonly launch: Launch;
  readonly pid: number;
  state: ProcessState;
  kept: boolean;
  restarts: number;
  startedAtMs: number;
  /** The SHA-256 of what it executes. */
  program: string;
  behavior: Behavior;
  /** Grows with every start, so that what was planned for an earlier life does nothing. */
  life: number;
}

const startMs = 20;
const crashMs = 30;
const restartMs = 1_000;
const drainMs = 50;

/** What a machine runs. */
export class SimulatedProcesses implements Supervisor, Probe {
  readonly #time: SimulatedTime;
  readonly #disk: MemoryDisk;
  readonly #random: SeededRandom;
  readonly #executed: (sha256: string) => void;
  readonly #processes = new Map<string, Process>();
  readonly #waiting = new Set<() => void>();
  #pids = 100;

  /** `executed` is told the digest of everything that is ever executed. */
  constructor(
    time: SimulatedTime,
    disk: MemoryDisk,
    random: SeededRandom,
    executed: (sha256: string) => void,
  ) {
    this.#time = time;
    this.#disk = disk;
    this.#random = random;
    this.#executed = executed;
  }

  /** Whether some process of the service takes requests. */
  serves(service: string): boolean {
    return [...this.#processes.values()].some(
      (one) => one.service === service && isServing(one) && !isRehearsal(one),
    );
  }

  /** The releases of the processes that are kept. */
  runningNow(service: string): readonly string[] {
    return [...this.#processes.values()]
      .filter((one) => one.service === service && one.kept && one.state === "running")
      .map(({ launch }) => launch.release);
  }

  /** A process that is kept ends by itself and is started again. */
  crashOne(): void {
    const kept = [...this.#processes.values()].filter((one) => one.kept && one.state === "running");
    if (kept.length > 0) this.#crash(this.#random.pick(kept));
  }

  /** The machine starts anew: what was kept is started, everything else is gone. */
  reboot(): void {
    for (const one of this.#processes.values()) {
      if (one.state === "gone") continue;
      if (one.kept) this.#start(one);
      else this.#become(one, "gone");
    }
  }

  async views(): Promise<readonly ProcessView[]> {
    return [...this.#processes.values()].map(viewOf);
  }

  async launch(service: string, launch: Launch): Promise<ProcessView> {
    const known = this.#processes.get(launch.id);
    if (known !== undefined) return viewOf(known);
    const process: Process = {
      service,
      launch,
      pid: this.#pids++,
      state: "starting",
      kept: false,
      restarts: 0,
      startedAtMs: this.#time.nowMs,
      program: "",
      behavior: "works",
      life: 0,
    };
    if (!this.#start(process))
      throw new AgentFailure("cannot_start", `${launch.program} is missing`);
    this.#processes.set(launch.id, process);
    return viewOf(process);
  }

  async wait(
    service: string,
    id: string,
    until: "ready" | "gone",
    waitMs: number,
  ): Promise<ProcessView> {
    const process = this.#find(service, id);
    const deadline = this.#time.nowMs + waitMs;
    const isOver = () =>
      process.state === "gone" || (until === "ready" && process.state !== "starting");
    while (!isOver() && this.#time.nowMs < deadline) {
      await new Promise<void>((resolve) => {
        const timer = this.#time.after(deadline - this.#time.nowMs, done);
        const waiting = this.#waiting;
        function done(): void {
          timer[Symbol.dispose]();
          waiting.delete(done);
          resolve();
        }
        waiting.add(done);
      });
    }
    return viewOf(process);
  }

  async keep(service: string, id: string): Promise<ProcessView> {
    const process = this.#find(service, id);
    for (const one of this.#processes.values()) {
      if (one.service === service) one.kept = one === process;
    }
    return viewOf(process);
  }

  async stop(service: string, id: string, _how: StopOrder): Promise<ProcessView> {
    const process = this.#find(service, id);
    process.kept = false;
    if (process.state !== "gone" && process.state !== "stopping") {
      const wasWaiting = process.state === "waiting";
      this.#become(process, wasWaiting ? "gone" : "stopping");
      this.#later(process, this.#random.between(1, drainMs), () => this.#become(process, "gone"));
    }
    return viewOf(process);
  }

  readonly followsSuccession = false;
  readonly boundsChildren = false;

  async restore(): Promise<readonly string[]> {
    return [];
  }

  async closeSockets(): Promise<void> {
    // A simulated socket costs nothing.
  }

  async connect(_address: string, pid: number): Promise<Answer> {
    const process = this.#byPid(pid);
    if (process === undefined || !isServing(process)) return silent;
    return { kind: "answered", status: 0, by: "it" };
  }

  async get(_address: string, _path: string, pid: number): Promise<Answer> {
    const process = this.#byPid(pid);
    if (process === undefined || !isServing(process) || process.behavior === "hangs") return silent;
    return { kind: "answered", status: process.behavior === "refuses" ? 503 : 200, by: "it" };
  }

  async listens(): Promise<boolean> {
    return false;
  }

  async holderOf(): Promise<undefined> {
    return undefined;
  }

  async freePort(): Promise<number> {
    return this.#random.between(20_000, 60_000);
  }

  async programDigest(pid: number): Promise<string | undefined> {
    return this.#byPid(pid)?.program;
  }

  async programFingerprint(pid: number): Promise<string | undefined> {
    return this.#byPid(pid)?.program;
  }

  async environment(): Promise<undefined> {
    return undefined;
  }

  #start(process: Process): boolean {
    const bytes = this.#disk.fileNow(process.launch.program);
    if (bytes === undefined) {
      this.#become(process, process.kept ? "waiting" : "gone");
      return false;
    }
    process.program = sha256Hex(bytes);
    process.behavior = behaviorOf(bytes);
    process.startedAtMs = this.#time.nowMs;
    this.#executed(process.program);
    this.#become(process, "starting");
    this.#later(process, this.#random.between(1, startMs), () => this.#become(process, "running"));
    if (process.behavior === "crashes") this.#later(process, crashMs, () => this.#crash(process));
    return true;
  }

  #crash(process: Process): void {
    if (!process.kept) {
      this.#become(process, "gone");
      return;
    }
    this.#become(process, "waiting");
    this.#later(process, restartMs, () => {
      process.restarts++;
      this.#start(process);
    });
  }

  /** Unless something else becomes of it before. */
  #later(process: Process, ms: number, work: () => void): void {
    const { life } = process;
    this.#time.after(ms, () => {
      if (process.life === life || process.behavior === "crashes") work();
    });
  }

  #become(process: Process, state: ProcessState): void {
    if (process.state === "gone") return;
    if (process.state === "stopping" && state !== "gone") return;
    process.state = state;
    if (state !== "running") process.life++;
    for (const wake of [...this.#waiting]) wake();
  }

  #find(service: string, id: string): Process {
    const process = this.#processes.get(id);
    if (process?.service === service) return process;
    throw new AgentFailure("not_found", `there is no process ${id} of ${service}`);
  }

  #byPid(pid: number): Process | undefined {
    return [...this.#processes.values()].find((one) => one.pid === pid && one.state !== "gone");
  }
}

const silent: Answer = { kind: "silent", sentence: "nobody answers" };

/** A process that drains goes on answering what it has begun, but takes nothing new. */
function isServing({ state }: Process): boolean {
  return state === "running";
}

function isRehearsal({ launch }: Process): boolean {
  return launch.environment["REHEARSAL"] === "1";
}

function behaviorOf(program: Buffer): Behavior {
  const [line = ""] = program.toString().split("\n");
  return line === "crashes" || line === "refuses" || line === "hangs" ? line : "works";
}

function viewOf({
  launch,
  service,
  state,
  kept,
  pid,
  restarts,
  startedAtMs,
}: Process): ProcessView {
  return {
    id: launch.id,
    service,
    release: launch.release,
    program: launch.program,
    state,
    kept,
    adopted: false,
    pid: state === "gone" || state === "waiting" ? 0 : pid,
    sockets: launch.sockets.map(({ name, address }) => ({ name, address })),
    startedAtMs,
    restarts,
    lastExit: state === "gone" ? { code: 1, signal: undefined } : undefined,
    sentence: state,
    log: launch.log,
  };
}
