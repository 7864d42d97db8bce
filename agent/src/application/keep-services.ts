// The keeper: it owns the listening sockets of all services, starts their processes and starts them again.
import { AgentFailure } from "../domain/agent-failure.ts";
import type { Clock } from "../domain/clock.ts";
import type { Disk } from "../domain/disk.ts";
import { type KeptRecord, keeperRecordText, parseKeeperRecord } from "../domain/keeper-record.ts";
import type { Launch, ProcessView } from "../domain/launch.ts";
import type { ListeningSockets, LogFiles, Spawn } from "../domain/spawn.ts";
import type { StopOrder } from "../domain/supervisor.ts";
import { KeptSockets } from "./keep-sockets.ts";
import { SupervisedProcess } from "./supervise-process.ts";

/** What a keeper is made of. */
export interface KeeperParts {
  readonly spawn: Spawn;
  readonly sockets: ListeningSockets;
  readonly logs: LogFiles;
  readonly disk: Disk;
  readonly clock: Clock;
  /** Where it writes down what it keeps. */
  readonly recordPath: string;
}

interface Service {
  readonly sockets: KeptSockets;
  readonly processes: Map<string, SupervisedProcess>;
}

const mostProcesses = 32;
const rotateEveryMs = 10_000;
const longestLookMs = 500;

/**
 * Keeps the processes of services. At most one process of a service is kept, which means: started again when it ends, and
 * after the machine has started. It decides nothing: the agent does.
 */
export class Keeper {
  readonly #parts: KeeperParts;
  readonly #services = new Map<string, Service>();
  readonly #waiting = new Set<() => void>();
  readonly #end = new AbortController();
  #saved: Promise<void> = Promise.resolve();

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  /** Takes up what the record says: living processes are adopted, kept ones that are gone are started. */
  async open(): Promise<void> {
    const { disk, recordPath } = this.#parts;
    const bytes = await disk.read(recordPath);
    const record = bytes === undefined ? [] : parseKeeperRecord(Buffer.from(bytes).toString());
    for (const one of record) await this.#adopt(one);
    for (const one of record) await this.#adoptStray(one);
    // Only now: one that is gone may have a successor among the others.
    for (const one of record) this.#revive(one);
    await this.#save();
    void this.#rotateLogs();
  }

  /** Everything it has, by service. */
  views(): readonly ProcessView[] {
    return [...this.#services.values()].flatMap(({ processes }) =>
      [...processes.values()].map(({ view }) => view),
    );
  }

  /** Starts a process, unless one with this id was started before. Fails if it cannot be started. */
  async launch(service: string, launch: Launch): Promise<ProcessView> {
    const known = this.#services.get(service)?.processes.get(launch.id);
    if (known !== undefined) return known.view;
    this.#forgetGone(service);
    const before = this.#before(service, launch);
    const after = launch.succession?.after;
    if (after !== undefined && before === undefined)
      throw new AgentFailure("not_found", `${service} has no process ${after}`);
    const process = this.#supervise(service, launch);
    // Written down before it is started: a process that nobody knows of could never be ended.
    await this.#save();
    try {
      await (before === undefined ? process.start() : process.succeed(before));
    } finally {
      await this.#save();
    }
    return process.view;
  }

  /**
   * What is known of a process, once it is ready (or has ended), or has ended, or when the time is over.
   */
  async wait(
    service: string,
    id: string,
    until: "ready" | "gone" | "now",
    waitMs: number,
  ): Promise<ProcessView> {
    const process = this.#find(service, id);
    const isOver = ({ state }: ProcessView): boolean =>
      until === "now" || state === "gone" || (until === "ready" && state !== "starting");
    const deadline = this.#parts.clock.monotonicMs() + waitMs;
    while (!isOver(process.view)) {
      const leftMs = deadline - this.#parts.clock.monotonicMs();
      if (leftMs <= 0) break;
      await this.#nextChange(leftMs);
    }
    return process.view;
  }

  /** From now on this process of the service is the one that is kept. Durable when it has resolved. */
  async keep(service: string, id: string): Promise<ProcessView> {
    const process = this.#find(service, id);
    for (const other of this.#services.get(service)?.processes.values() ?? []) {
      other.keep(other === process);
    }
    await this.#save();
    return process.view;
  }

  /** Asks a process to end; `wait` tells when it has. */
  async stop(service: string, id: string, how: StopOrder): Promise<ProcessView> {
    const process = this.#find(service, id);
    process.stop(how);
    await this.#save();
    return process.view;
  }

  /** Closes the listening sockets of a service but those at these addresses. Processes that inherited them go on. */
  closeSockets(service: string, but: readonly string[]): void {
    this.#services.get(service)?.sockets.closeShared(but);
  }

  /** Ends without a signal to any process: they run on, and the next keeper adopts them. */
  async close(): Promise<void> {
    this.#end.abort();
    await this.#save();
  }

  /** Supervises what another keeper has supervised, and takes charge of its process if that lives. */
  async #adopt({ service, process }: KeptRecord): Promise<void> {
    const supervised = this.#supervise(service, process.launch);
    supervised.keep(process.kept);
    if (process.identity !== undefined && (await this.#parts.spawn.isAlive(process.identity)))
      supervised.adopt(process.identity, process.startedAtMs);
  }

  /** One that the other keeper started a moment before it ended: it had no time to write its number down. */
  async #adoptStray({ service, process: { launch } }: KeptRecord): Promise<void> {
    const supervised = this.#find(service, launch.id);
    if (supervised.view.pid !== 0) return;
    const known = this.views().map(({ pid }) => pid);
    const strays = await this.#parts.spawn.strays(launch);
    const stray = strays.find(({ pid }) => !known.includes(pid));
    if (stray !== undefined) supervised.adopt(stray, this.#parts.clock.nowMs());
  }

  /** Brings one back that has not survived, waits for one that another process shall start, or forgets it. */
  #revive({ service, process: { launch, kept, identity } }: KeptRecord): void {
    const supervised = this.#find(service, launch.id);
    const before = this.#before(service, launch);
    if (supervised.view.pid !== 0) return;
    if (kept) supervised.revive(identity);
    else if (identity === undefined && before !== undefined) supervised.await(before);
    else this.#services.get(service)?.processes.delete(launch.id);
  }

  #supervise(service: string, launch: Launch): SupervisedProcess {
    const known = this.#services.get(service);
    const { processes, sockets } = known ?? this.#addService(service);
    if (processes.size >= mostProcesses) {
      throw new AgentFailure(
        "conflict",
        `${service} has ${processes.size} processes already; stop some of them`,
      );
    }
    const process = new SupervisedProcess(service, launch, {
      spawn: this.#parts.spawn,
      clock: this.#parts.clock,
      openSockets: (asked) => sockets.open(asked),
      isShared: (group, by) =>
        this.#processesOf(service).some((other) => other !== by && other.group === group),
      known: () => this.#processesOf(service).map(({ view }) => view.pid),
      untilNoSuccessor: async (of) => {
        while (of.shallRun && this.#hasSuccessor(service, of))
          await this.#nextChange(longestLookMs);
      },
      changed: () => this.#changed(),
    });
    processes.set(launch.id, process);
    return process;
  }

  #addService(name: string): Service {
    const sockets = new KeptSockets(this.#parts.sockets);
    const service: Service = { sockets, processes: new Map() };
    this.#services.set(name, service);
    return service;
  }

  #processesOf(service: string): readonly SupervisedProcess[] {
    return [...(this.#services.get(service)?.processes.values() ?? [])];
  }

  /** The process that shall start this one, or has done so. */
  #before(service: string, { succession }: Launch): SupervisedProcess | undefined {
    return this.#services.get(service)?.processes.get(succession?.after ?? "");
  }

  #hasSuccessor(service: string, { launch }: SupervisedProcess): boolean {
    return this.#processesOf(service).some(
      ({ launch: { succession }, view }) =>
        succession?.after === launch.id && view.state !== "gone",
    );
  }

  #find(service: string, id: string): SupervisedProcess {
    const process = this.#services.get(service)?.processes.get(id);
    if (process === undefined)
      throw new AgentFailure("not_found", `${service} has no process ${id}`);
    return process;
  }

  #forgetGone(service: string): void {
    for (const [id, { view }] of this.#services.get(service)?.processes ?? []) {
      if (view.state === "gone") this.#services.get(service)?.processes.delete(id);
    }
  }

  #changed(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
    void this.#save();
  }

  async #nextChange(waitMs: number): Promise<void> {
    const timer = new AbortController();
    await new Promise<void>((resolve) => {
      this.#waiting.add(resolve);
      void this.#parts.clock.sleep(waitMs, timer.signal).then(resolve);
    });
    timer.abort();
  }

  /** One writer after the other; what is written is the state at that moment. */
  #save(): Promise<void> {
    const { disk, recordPath } = this.#parts;
    const write = async (): Promise<void> => {
      const record = [...this.#services].flatMap(([service, { processes }]) =>
        [...processes.values()]
          .filter(({ view }) => view.state !== "gone")
          .map((process) => ({ service, process: process.record })),
      );
      await disk.replace(recordPath, keeperRecordText(record), 0o600);
    };
    this.#saved = this.#saved.then(write, write);
    return this.#saved;
  }

  async #rotateLogs(): Promise<void> {
    while (!this.#end.signal.aborted) {
      await this.#parts.clock.sleep(rotateEveryMs, this.#end.signal);
      const paths = new Set(this.views().map(({ log }) => log));
      for (const path of paths) await this.#parts.logs.rotate(path).catch(() => undefined);
    }
  }
}
