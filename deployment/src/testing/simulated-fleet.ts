// Machines that follow an index and may fail, as a pure model: what a rollout meets, without processes, disks or clocks.
import { type Assignment, assignedRevision } from "../assignment.ts";
import type { MachineStatus, ServiceStatus } from "../machine-status.ts";
import { isOver, type Rollout } from "../rollout.ts";
import { type RolloutEvent, type RolloutStep, stepRollout } from "../rollout-step.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** One machine of the model. */
export interface SimulatedMachine {
  readonly name: string;
  /** What it runs. */
  running: string | undefined;
  /** How many steps it still needs before what it was told last holds or fails; 0 when it is done. */
  stepsLeft: number;
  /** The assignment it follows. */
  followed: Assignment | undefined;
  /** Revisions that do not hold on it. */
  readonly breaks: Set<string>;
  failed: boolean;
  /** Whether nobody hears it and it hears nobody. */
  silent: boolean;
  /** Every revision that it was ever told to run, in order. */
  readonly told: string[];
}

/** A group of machines, the index they follow, and the rollout that writes it. */
export class SimulatedFleet {
  readonly machines: readonly SimulatedMachine[];
  readonly service: string;
  rollout: Rollout;
  /** What the index says now. */
  index: Assignment | undefined;
  serial: number;
  nowMs: number;
  readonly notes: string[] = [];
  readonly #random: SeededRandom;

  constructor(
    machines: readonly SimulatedMachine[],
    begun: RolloutStep,
    current: Assignment | undefined,
    random: SeededRandom,
  ) {
    this.machines = machines;
    this.service = begun.rollout.service;
    this.rollout = begun.rollout;
    this.index = current;
    this.serial = current?.serial ?? 0;
    this.nowMs = begun.rollout.startedMs;
    this.#random = random;
    this.#obey(begun);
  }

  /** Something happens to the rollout, and what it asks for is done. */
  happen(event: RolloutEvent): void {
    const step = stepRollout(this.rollout, event);
    this.rollout = step.rollout;
    this.#obey(step);
  }

  /** Lets a machine work for one step: read the index, move on, report. */
  work(machine: SimulatedMachine): void {
    if (machine.silent) return;
    this.#read(machine);
    if (machine.stepsLeft > 0) {
      machine.stepsLeft--;
      if (machine.stepsLeft === 0) arrive(machine, this.desiredOf(machine));
    }
    this.happen({ kind: "report", status: this.statusOf(machine), atMs: this.nowMs });
  }

  /** Time passes. */
  pass(ms: number): void {
    this.nowMs += ms;
    this.happen({ kind: "tick", atMs: this.nowMs });
  }

  /** Lets everybody work until the rollout is over; so many rounds at most. */
  settle(rounds: number, msPerRound: number): void {
    for (let round = 0; round < rounds && !isOver(this.rollout); round++) {
      for (const machine of this.machines) this.work(machine);
      this.pass(msPerRound);
    }
  }

  /** What a machine believes that it should run. */
  desiredOf(machine: SimulatedMachine): string | undefined {
    return machine.followed && assignedRevision(machine.followed, { name: machine.name, tags: {} });
  }

  statusOf(machine: SimulatedMachine): MachineStatus {
    const desired = this.desiredOf(machine);
    const at = new Date(this.nowMs).toISOString();
    const status: ServiceStatus = {
      ...(desired === undefined ? {} : { desired }),
      ...(machine.running === undefined ? {} : { running: machine.running }),
      state: stateOf(machine, desired),
      sentence: machine.failed ? "exits with status 1 as soon as it starts" : "works",
      since: at,
      restarts: 0,
      health: "unknown",
    };
    return {
      format: 1,
      machine: machine.name,
      tags: {},
      os: "linux",
      arch: "amd64",
      agentVersion: "0",
      seenSerial: machine.followed?.serial ?? 0,
      at,
      services: { [this.service]: status },
      decisions: [],
    };
  }

  #read(machine: SimulatedMachine): void {
    if (this.index === undefined || machine.followed?.serial === this.index.serial) return;
    const before = this.desiredOf(machine);
    machine.followed = this.index;
    const after = this.desiredOf(machine);
    if (after === undefined || (after === before && after === machine.running)) return;
    if (after !== before) machine.told.push(after);
    machine.failed = false;
    machine.stepsLeft = this.#random.between(1, 3);
  }

  #obey({ actions }: RolloutStep): void {
    for (const action of actions) {
      if (action.kind === "note") this.notes.push(action.sentence);
      if (action.kind === "publish") {
        this.serial++;
        this.index = { ...action.assignment, serial: this.serial };
        this.happen({ kind: "published", assignment: this.index, atMs: this.nowMs });
      }
    }
  }
}

/** A machine that runs something and nothing of which is broken. */
export function simulatedMachine(name: string, running: string | undefined): SimulatedMachine {
  return {
    name,
    running,
    stepsLeft: 0,
    followed: undefined,
    breaks: new Set(),
    failed: false,
    silent: false,
    told: [],
  };
}

function stateOf(machine: SimulatedMachine, desired: string | undefined): ServiceStatus["state"] {
  if (machine.failed) return "failed";
  if (machine.stepsLeft > 0) return "converging";
  return desired === undefined ? "stopped" : "running";
}

/** What does not hold leaves what ran before in its place. */
function arrive(machine: SimulatedMachine, desired: string | undefined): void {
  if (desired !== undefined && machine.breaks.has(desired)) machine.failed = true;
  else machine.running = desired;
}
