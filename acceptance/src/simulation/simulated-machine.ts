// One machine: a disk, processes, and an agent that may be killed at any moment and comes back.
import {
  Agent,
  AgentFailure,
  ConvergingService,
  Decisions,
  type DocumentRead,
  type DocumentSource,
  Documents,
  FollowedPolicy,
  layoutOf,
  parseJournal,
  revisionPathIn,
  type StatusSink,
  serviceLayoutOf,
} from "@stoa/agent/testing";
import { makeSecretKey, type PublicKey, type SecretKey, sealEnvelope } from "@stoa/deployment";
import type { SeededRandom } from "@stoa/deployment/testing";
import { MemoryDisk } from "./memory-disk.ts";
import { Mortal } from "./mortal.ts";
import { SimulatedProcesses } from "./simulated-processes.ts";
import type { SimulatedTime } from "./simulated-time.ts";

/** What a machine needs of the world. */
export interface Surroundings {
  readonly time: SimulatedTime;
  readonly random: SeededRandom;
  readonly environment: string;
  readonly trusted: readonly PublicKey[];
  /** From where the agent reads and to whom it reports. */
  readonly source: DocumentSource & StatusSink;
  /** Whether faults happen at this moment. */
  readonly areFaultsOn: () => boolean;
  readonly executed: (machine: string, sha256: string) => void;
}

const layout = layoutOf("/root");
const pollMs = 2_000;

/** Simulated services are native: they bring no scripts. */
const noScripts = {
  run: unasked,
  problemWith: unasked,
  set: unasked,
};

async function unasked(): Promise<never> {
  throw new Error("simulated services bring no scripts");
}

/** One machine. */
export class SimulatedMachine {
  readonly name: string;
  readonly key: SecretKey;
  readonly disk: MemoryDisk;
  readonly processes: SimulatedProcesses;
  readonly decided: string[] = [];
  /** Whether it hears nobody and nobody hears it. */
  isCutOff = false;
  /** How far its clock is off. */
  readonly skewMs: number;
  readonly #around: Surroundings;
  #life = new Mortal();
  /** How many operations of the disk until the agent is killed; never if negative. */
  #fuse = -1;

  constructor(name: string, around: Surroundings) {
    const { time, random } = around;
    this.name = name;
    this.#around = around;
    this.key = makeSecretKey((count) => random.bytes(count));
    this.skewMs = random.chance(0.3) ? random.between(-600_000, 600_000) : 0;
    this.disk = new MemoryDisk((operation, path) => this.#trouble(operation, path));
    this.processes = new SimulatedProcesses(time, this.disk, random, (sha256) =>
      around.executed(name, sha256),
    );
  }

  /** The agent is started; a dead one leaves nothing but what is on the disk. */
  startAgent(): void {
    this.#life = new Mortal();
    this.#fuse = -1;
    const life = this.#life;
    void this.#openAgent(life)
      .run(life.end.signal)
      .catch((failure: unknown) => {
        if (!life.isDead) this.decided.push(`the agent ended: ${String(failure)}`);
      });
  }

  /** The agent is killed after so many more operations on the disk, and started again later. */
  lightFuse(operations: number): void {
    if (!this.#life.isDead) this.#fuse = operations;
  }

  /** The agent is killed now, and started again later. */
  killAgent(): void {
    if (this.#life.isDead) return;
    this.#life.die();
    const { time, random } = this.#around;
    time.after(random.between(10, 4_000), () => this.startAgent());
  }

  /** The machine loses its power: the agent and the processes are gone, the disk is not. */
  reboot(): void {
    this.killAgent();
    this.processes.reboot();
  }

  /** The serial of the newest index that is on the disk. */
  get keptSerial(): number {
    const text = this.disk.fileNow(layout.indexPath)?.toString();
    return text === undefined ? 0 : JSON.parse(JSON.parse(text).document).serial;
  }

  /** The serial of the newest policy that is on the disk. */
  get keptPolicy(): number {
    const text = this.disk.fileNow(layout.policyPath)?.toString();
    return text === undefined
      ? 0
      : JSON.parse(JSON.parse(JSON.parse(text).envelope).document).serial;
  }

  /** What the agent has written down about a service. */
  journal(service: string): ReturnType<typeof parseJournal> | undefined {
    const path = serviceLayoutOf(layout, service).journal;
    const text = this.disk.fileNow(path)?.toString();
    return text === undefined ? undefined : parseJournal(text, path);
  }

  /** Where `current` leads to. */
  current(service: string): string | undefined {
    return this.disk.linkNow(serviceLayoutOf(layout, service).current)?.replace("releases/", "");
  }

  /** A file of a release, as it is on the disk. */
  releaseFile(service: string, release: string, path: string): Buffer | undefined {
    return this.disk.fileNow(`${serviceLayoutOf(layout, service).releases}/${release}/${path}`);
  }

  /** Everything in a release, by path. */
  releaseFiles(service: string, release: string): ReadonlyMap<string, string> {
    return this.disk.everythingNow(`${serviceLayoutOf(layout, service).releases}/${release}`);
  }

  #openAgent(life: Mortal): Agent {
    const { time, random, environment, trusted } = this.#around;
    const machine = { name: this.name, tags: {}, arch: "amd64", environment } as const;
    const disk = life.hold(this.disk);
    const processes = life.hold(this.processes);
    const source = life.hold(this.#source());
    const clock = life.hold({
      nowMs: () => time.nowMs + this.skewMs,
      monotonicMs: () => time.nowMs,
      sleep: (ms: number, signal?: AbortSignal) => time.sleep(ms, signal),
    });
    const decisions = new Decisions(clock, (sentence) => this.decided.push(sentence));
    const trust = { keys: trusted, threshold: 1, policyKeys: [] };
    // A dead agent has no thoughts any more, also where what it thinks of needed nobody's answer.
    const note = (sentence: string): void => {
      if (!life.isDead) decisions.add(sentence);
    };
    const read = { source, disk, clock, machine, trust };
    const policy = new FollowedPolicy({ ...read, policyPath: layout.policyPath, note });
    const documents = new Documents({
      ...read,
      policy,
      indexPath: layout.indexPath,
      revisionPath: revisionPathIn(layout.servicesFolder),
    });
    const parts = {
      machine,
      source,
      disk,
      clock,
      failpoint: async () => undefined,
      probe: processes,
      supervisor: processes,
      scripts: noScripts,
      permissions: noScripts,
      settings: {
        open: async (_: string, variables: Readonly<Record<string, string>>) => variables,
      },
      targetRoot: "/target",
      strict: false,
      blobsFolder: layout.blobsFolder,
      note,
    };
    return new Agent({
      machine,
      documents,
      decisions,
      version: "0",
      clock,
      random,
      disk,
      sinks: [source],
      wakes: [],
      shipping: undefined,
      statusPath: layout.statusPath,
      pollMs,
      repairMs: 5_000,
      knownServices: () => disk.names(layout.servicesFolder),
      serviceOf: (service) =>
        new ConvergingService(
          { ...parts, service, layout: serviceLayoutOf(layout, service) },
          (id, signal) => documents.revision(service, id, signal),
          (wanted, signal) => policy.admit(service, wanted, signal),
        ),
      seal: (status) => sealEnvelope("status", status, this.key),
    });
  }

  /** The world's source, when it can be reached. */
  #source(): DocumentSource & StatusSink {
    const { source } = this.#around;
    const reach = async (): Promise<void> => {
      if (this.isCutOff) throw new AgentFailure("source_unavailable", "nobody can be reached");
    };
    return {
      read: async (...args): Promise<DocumentRead> => {
        await reach();
        return await source.read(...args);
      },
      open: async (...args) => {
        await reach();
        return await source.open(...args);
      },
      report: async (...args) => {
        await reach();
        await source.report(...args);
      },
    };
  }

  async #trouble(operation: string, path: string): Promise<void> {
    const { random, areFaultsOn } = this.#around;
    if (this.#fuse === 0) {
      this.#fuse = -1;
      this.killAgent();
      await new Promise<never>(() => undefined);
    }
    if (this.#fuse > 0) this.#fuse--;
    if (areFaultsOn() && random.chance(0.005)) {
      throw new AgentFailure(
        random.pick(["disk_full", "disk_failed"]),
        `${operation} ${path} failed`,
      );
    }
  }
}
