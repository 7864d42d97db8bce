// A whole delivery in one process: machines, a store and a control plane, driven by a seed, with faults.
import {
  AgentFailure,
  type DocumentRead,
  type DocumentSource,
  type StatusSink,
} from "@stoa/agent/testing";
import type { AuditMemory, RolloutRequest } from "@stoa/control/testing";
import {
  isOver,
  makeSecretKey,
  publicKeyLine,
  type Revision,
  type Rollout,
  revisionId,
  type SecretKey,
  sha256Hex,
  signJoin,
  wantedAssignment,
} from "@stoa/deployment";
import { SeededRandom } from "@stoa/deployment/testing";
import { environment, Invariants, type Seen, service } from "./invariants.ts";
import { MemoryBlobs, MemoryTree } from "./memory-tree.ts";
import { SimulatedControl } from "./simulated-control.ts";
import { SimulatedMachine } from "./simulated-machine.ts";
import { SimulatedPolicy } from "./simulated-policy.ts";
import type { Behavior } from "./simulated-processes.ts";
import { SimulatedTime } from "./simulated-time.ts";

/** The kinds of things that go wrong; a shrunk run has fewer of them. */
export const faults = [
  "agent killed",
  "agent killed in a write",
  "machine rebooted",
  "machine cut off",
  "process crashed",
  "disk trouble",
  "control plane killed",
  "control plane killed in a write",
  "store unavailable",
  "stale document",
  "damaged document",
  "damaged blob",
  "steering",
  "server broken into",
] as const;

/** A kind of thing that goes wrong. */
export type Fault = (typeof faults)[number];

/** What one run is about. */
export interface Scenario {
  readonly seed: number;
  /** The kinds of faults that may happen. */
  readonly faults: readonly Fault[];
  /** So many rollouts one after the other. */
  readonly rollouts: number;
}

const startMs = Date.parse("2026-01-01T00:00:00Z");
const faultyMs = 90_000;
const afterwardsMs = 12_000;
const healingMs = 900_000;
const stepMs = 700;

/** Runs one scenario. Throws what was broken; otherwise resolves to a word about each rollout. */
export async function simulate(scenario: Scenario): Promise<readonly string[]> {
  const world = new SimulatedWorld(scenario);
  return await world.run();
}

/** The world of one run. */
export class SimulatedWorld implements Seen {
  readonly time = new SimulatedTime(startMs);
  readonly blobs = new MemoryBlobs();
  readonly tree: MemoryTree;
  readonly key: SecretKey;
  readonly machines: readonly SimulatedMachine[];
  readonly revisions = new Map<string, Revision>();
  readonly failures: unknown[] = [];
  control: SimulatedControl;
  readonly #scenario: Scenario;
  readonly #random: SeededRandom;
  readonly invariants: Invariants;
  #faultsOn = false;
  #isStoreAway = false;
  /** What was executed and must not have been. */
  #broken: unknown;
  #fuse = -1;
  readonly #older: string[] = [];
  readonly #auditMemory = rememberedEnd();
  /** In every second world; undefined where everything may run. */
  readonly policy: SimulatedPolicy | undefined;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#random = new SeededRandom(scenario.seed);
    this.key = makeSecretKey((count) => this.#random.bytes(count));
    this.tree = new MemoryTree(() => this.#treeTrouble());
    this.invariants = new Invariants(this);
    const source = this.#source();
    this.machines = Array.from(
      { length: this.#random.between(1, 5) },
      (_, index) =>
        new SimulatedMachine(`web-${index + 1}`, {
          time: this.time,
          random: this.#random,
          environment,
          trusted: [this.key],
          source,
          areFaultsOn: () => this.#has("disk trouble"),
          executed: (machine, sha256) => this.#executed(machine, sha256),
        }),
    );
    this.control = this.#openControl();
    this.policy =
      scenario.seed % 2 === 0
        ? new SimulatedPolicy({ environment, service }, this.#random, this.blobs)
        : undefined;
  }

  async run(): Promise<readonly string[]> {
    await this.#finish(this.control.load());
    await this.#finish(this.#join());
    if (this.policy !== undefined) await this.#finish(this.policy.begin(this.control));
    for (const machine of this.machines) machine.startAgent();
    await this.#pass(10_000, () => false);
    const words: string[] = [];
    for (let round = 1; round <= this.#scenario.rollouts; round++)
      words.push(await this.#rollOut(round));
    return words;
  }

  /** The rollout that was begun last. */
  get lastRollout(): Rollout | undefined {
    return this.control.rollouts.list({ environment, service })[0]?.rollout;
  }

  async #join(): Promise<void> {
    await this.control.environments.ensure(environment);
    for (const { name, key } of this.machines) {
      const { token } = await this.control.tokens.make({
        kind: "join",
        name,
        environment,
        tags: {},
      });
      const publicKey = publicKeyLine(key);
      const said = { machine: name, tags: {}, os: "linux", arch: "amd64" };
      const asked = await this.control.joins.challenge(token);
      const proof = signJoin({ ...asked, ...said, tokenSha256: sha256Hex(token) }, key);
      const { challenge } = asked;
      await this.control.joins.join({ ...said, token, publicKey, challenge, proof }, undefined);
    }
  }

  async #rollOut(round: number): Promise<string> {
    const behavior: Behavior =
      round === 1
        ? "works"
        : this.#random.pick(["works", "works", "works", "crashes", "refuses", "hangs"]);
    const id = await this.#newRevision(round, behavior);
    this.invariants.begin(id);
    const request: RolloutRequest = {
      environment,
      service,
      revision: id,
      kind: "deploy",
      owner: "ann",
      reason: "",
      strategy: this.#random.pick(["one-at-a-time", "half", "all-at-once", "canary:1:half", "50%"]),
      stopAt: this.#random.pick(["first-failure", "first-failure", "health-floor"]),
      bakeMs: this.#random.pick([0, 0, 5_000]),
    };
    if (this.#random.chance(0.5)) {
      await this.#finish(this.control.set(environment, service, "ROUND", String(round)));
    }
    await this.#askLeave(request);
    await this.#finish(this.control.roll(request));
    this.#faultsOn = round > 1;
    await this.#pass(
      faultyMs,
      () => this.#isLongOver(),
      () => this.#disturb(),
    );
    this.#heal();
    await this.#finish(this.#repairIndex());
    await this.#pass(healingMs, () => this.#isCalm());
    this.invariants.atRest(this.#isCalm());
    const { state = "none", sentence = "" } = this.lastRollout ?? {};
    return `${behavior}: ${state}: ${sentence}`;
  }

  /** Under a policy a rollout is refused until its revision is approved, and while the environment is frozen. */
  async #askLeave(request: RolloutRequest): Promise<void> {
    const { policy, control } = this;
    if (policy === undefined) return;
    await this.#expectRefusal(request, /has 0 of the 1 approval/);
    await this.#finish(policy.approve(control, request.revision));
    if (!this.#random.chance(0.3)) return;
    await this.#finish(policy.freeze(control));
    await this.#expectRefusal(request, /is frozen/);
    await this.#finish(policy.thaw(control));
  }

  async #expectRefusal(request: RolloutRequest, pattern: RegExp): Promise<void> {
    const said = await this.#finish(
      this.control.roll(request).catch((failure: unknown) => String(failure)),
    );
    if (!pattern.test(said)) throw new Error(`I9: the control plane does not refuse: ${said}`);
  }

  async #newRevision(round: number, behavior: Behavior): Promise<string> {
    const program = Buffer.from(`${behavior}\nversion ${round} of seed ${this.#scenario.seed}\n`);
    const revision: Revision = {
      format: 1,
      service,
      version: String(round),
      os: "linux",
      arch: "amd64",
      files: [{ path: "shop", mode: 0o755, size: program.length, sha256: this.blobs.add(program) }],
      run: {
        entry: "shop",
        arguments: [],
        environment: {},
        sockets: [{ name: "http", address: ":8080" }],
        health: {
          kind: "http",
          socket: "http",
          path: "/",
          intervalMs: 100,
          timeoutMs: 100,
          healthyAfter: 2,
          deadlineMs: 3_000,
          minimumHealthyMs: 200,
        },
        readiness: "health",
        handOff: this.#random.pick(["overlap", "restart"]),
        drainMs: 1_000,
      },
    };
    const id = revisionId(revision);
    this.revisions.set(id, revision);
    await this.#finish(this.control.revisions.put(service, id, revision));
    return id;
  }

  /** Faults after the end matter too, but not for long. */
  #isLongOver(): boolean {
    const { endedMs } = this.lastRollout ?? {};
    return endedMs !== undefined && this.time.nowMs - endedMs > afterwardsMs;
  }

  /** Nothing is to be done any more: the rollout is over and published, and every machine runs what it should, and is well. */
  #isCalm(): boolean {
    const rollout = this.lastRollout;
    if (rollout === undefined || !isOver(rollout) || rollout.publishedSerial === undefined)
      return false;
    return this.machines.every((machine) => this.invariants.hasArrived(machine));
  }

  /** The agent that started it would take what is thrown here for a trouble of its own. */
  #executed(machine: string, sha256: string): void {
    try {
      this.invariants.executed(machine, sha256);
    } catch (failure) {
      this.#broken ??= failure;
    }
  }

  /** Time passes in small steps, and between them everything is looked at. */
  async #pass(
    ms: number,
    isDone: () => boolean,
    between: () => void = () => undefined,
  ): Promise<void> {
    const untilMs = this.time.nowMs + ms;
    while (this.time.nowMs < untilMs && !isDone()) {
      between();
      await this.time.pass(Math.min(untilMs, this.time.nowMs + stepMs), () => false);
      this.invariants.always();
      if (this.#broken !== undefined) throw this.#broken;
    }
  }

  /** Waits for work of ours that needs the world's time. */
  async #finish<T>(work: Promise<T>): Promise<T> {
    let state: "open" | "done" = "open";
    const settled = work.finally(() => {
      state = "done";
    });
    settled.catch(() => undefined);
    await this.time.pass(this.time.nowMs + 10_000, () => state === "done");
    return await settled;
  }

  #has(fault: Fault): boolean {
    return this.#faultsOn && this.#scenario.faults.includes(fault);
  }

  #happens(fault: Fault, probability: number): boolean {
    // Chance is asked in any case, so that a run without one kind of fault stays much like the run with it.
    return this.#random.chance(probability) && this.#has(fault);
  }

  #disturb(): void {
    const machine = this.#random.pick(this.machines);
    if (this.#happens("agent killed", 0.04)) machine.killAgent();
    if (this.#happens("agent killed in a write", 0.08))
      machine.lightFuse(this.#random.between(0, 12));
    if (this.#happens("machine rebooted", 0.01)) this.#reboot(machine);
    if (this.#happens("machine cut off", 0.03)) this.#cutOff(machine);
    if (this.#happens("process crashed", 0.02)) this.#crashProcess(machine);
    if (this.#happens("control plane killed", 0.02)) this.#restartControl();
    if (this.#happens("control plane killed in a write", 0.04))
      this.#fuse = this.#random.between(0, 8);
    if (this.#happens("store unavailable", 0.03)) this.#storeAway();
    if (this.#happens("steering", 0.02)) this.#steer();
    if (this.#happens("server broken into", 0.03)) this.#breakIn();
  }

  #reboot(machine: SimulatedMachine): void {
    this.invariants.excuse(machine);
    machine.reboot();
  }

  #crashProcess(machine: SimulatedMachine): void {
    this.invariants.excuse(machine);
    machine.processes.crashOne();
  }

  #cutOff(machine: SimulatedMachine): void {
    machine.isCutOff = true;
    this.time.after(this.#random.between(1_000, 40_000), () => {
      machine.isCutOff = false;
    });
  }

  #storeAway(): void {
    this.#isStoreAway = true;
    this.time.after(this.#random.between(500, 10_000), () => {
      this.#isStoreAway = false;
    });
  }

  #steer(): void {
    const rollout = this.lastRollout;
    if (rollout === undefined || isOver(rollout)) return;
    const word = this.#random.pick(["pause", "resume", "resume", "cancel"] as const);
    this.control.steer(rollout.id, word).catch((failure: unknown) => this.failures.push(failure));
  }

  #breakIn(): void {
    this.policy?.breakIn(this.control).catch((failure: unknown) => this.failures.push(failure));
  }

  async #repairIndex(): Promise<void> {
    const { policy, control, lastRollout } = this;
    if (policy === undefined || lastRollout === undefined) return;
    await policy.repair(control, wantedAssignment(lastRollout));
  }

  #heal(): void {
    this.#faultsOn = false;
    this.#isStoreAway = false;
    this.#fuse = -1;
    for (const machine of this.machines) machine.isCutOff = false;
    const rollout = this.lastRollout;
    if (rollout?.held === true && !isOver(rollout)) {
      this.control
        .steer(rollout.id, "resume")
        .catch((failure: unknown) => this.failures.push(failure));
    }
  }

  #openControl(): SimulatedControl {
    const { time, tree, blobs, key } = this;
    return new SimulatedControl({
      time,
      tree,
      blobs,
      key,
      auditMemory: this.#auditMemory,
      onFailure: (failure) => this.failures.push(failure),
    });
  }

  #restartControl(): void {
    this.control.die();
    this.#fuse = -1;
    const next = this.#openControl();
    this.control = next;
    next.load().catch((failure: unknown) => this.failures.push(failure));
  }

  async #treeTrouble(): Promise<void> {
    if (this.#fuse === 0) {
      this.#restartControl();
      await new Promise<never>(() => undefined);
    }
    if (this.#fuse > 0) this.#fuse--;
  }

  /** What agents read and to whom they report. */
  #source(): DocumentSource & StatusSink {
    return {
      read: async (path, ifNoneMatch) => this.#read(path, ifNoneMatch),
      open: async (path) => this.#open(path),
      report: async (machine, status) => {
        if (this.#isStoreAway) throw away();
        try {
          const { machines, life } = this.control;
          await Promise.race([machines.report(machine, status, undefined), life.ended()]);
        } catch (cause) {
          throw new AgentFailure("source_unavailable", "the status is not taken", cause);
        }
      },
    };
  }

  #read(path: string, ifNoneMatch: string | undefined): DocumentRead {
    if (this.#isStoreAway) throw away();
    const stored = this.tree.now(path);
    if (stored === undefined) return { status: "absent" };
    if (path.endsWith("/index.json") && this.#older.at(-1) !== stored.text)
      this.#older.push(stored.text);
    if (this.#happens("stale document", 0.05))
      return readOf(
        this.#random.pick(
          this.#older.length > 0 && path.endsWith("/index.json") ? this.#older : [stored.text],
        ),
      );
    if (this.#happens("damaged document", 0.03)) return readOf(damaged(stored.text, this.#random));
    return stored.etag === ifNoneMatch
      ? { status: "same" }
      : { status: "read", body: stored.text, etag: stored.etag };
  }

  #open(path: string): AsyncIterable<Uint8Array> | undefined {
    if (this.#isStoreAway) throw away();
    const bytes = this.blobs.now(path.replace("blobs/sha256/", ""));
    if (bytes === undefined) return undefined;
    const isDamaged = this.#happens("damaged blob", 0.2);
    const sent = isDamaged
      ? Buffer.from(damaged(Buffer.from(bytes).toString("latin1"), this.#random), "latin1")
      : bytes;
    return (async function* () {
      yield sent;
    })();
  }
}

function rememberedEnd(): AuditMemory {
  let end: Awaited<ReturnType<AuditMemory["read"]>>;
  return {
    read: async () => end,
    write: async (written) => {
      end = written;
    },
  };
}

function readOf(body: string): DocumentRead {
  return { status: "read", body, etag: sha256Hex(body).slice(0, 16) };
}

function away(): AgentFailure {
  return new AgentFailure("source_unavailable", "the store does not answer");
}

/** One character is another, or the end is missing. */
function damaged(text: string, random: SeededRandom): string {
  const place = random.between(0, Math.max(0, text.length - 1));
  if (random.chance(0.5)) return text.slice(0, place);
  const other = text[place] === "x" ? "y" : "x";
  return text.slice(0, place) + other + text.slice(place + 1);
}
