// What must hold in a simulated world whatever goes wrong. The numbers are those of the reference on delivery.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  assignedRevision,
  type EnvironmentIndex,
  openEnvelope,
  type Revision,
  type Rollout,
  type SecretKey,
} from "@stoa/deployment";
import type { MemoryTree } from "./memory-tree.ts";
import type { SimulatedMachine } from "./simulated-machine.ts";
import type { SimulatedTime } from "./simulated-time.ts";

/** What everything is about. */
export const service = "shop";
export const environment = "production";

/** What is looked at. */
export interface Seen {
  readonly time: SimulatedTime;
  readonly tree: MemoryTree;
  readonly key: SecretKey;
  readonly machines: readonly SimulatedMachine[];
  /** By id. */
  readonly revisions: ReadonlyMap<string, Revision>;
  /** The rollout that was begun last. */
  readonly lastRollout: Rollout | undefined;
  readonly failures: readonly unknown[];
  /** Undefined in worlds in which everything may run. */
  readonly policy: { readonly forbiddenProgram: string } | undefined;
}

/** How long a machine whose process was made to crash, or that was rebooted, may be without service. */
const excuseMs = 30_000;

/** What a machine held when a rollout began. */
interface Before {
  /** Whether it ran what it should. */
  readonly hadArrived: boolean;
  readonly current: string | undefined;
  readonly environment: unknown;
  readonly files: ReadonlyMap<string, string>;
}

/** Looks at a world and throws when something does not hold. */
export class Invariants {
  readonly #world: Seen;
  readonly #serials = new Map<string, number>();
  readonly #excusedUntil = new Map<string, number>();
  readonly #hasServed = new Set<string>();
  /** What each machine held when the rollout began. */
  readonly #before = new Map<string, Before>();
  #index: { readonly text: string; readonly document: EnvironmentIndex } | undefined;
  #revision = "";
  #widestWave = 0;

  constructor(world: Seen) {
    this.#world = world;
  }

  /** A rollout begins. */
  begin(revision: string): void {
    this.#revision = revision;
    this.#widestWave = 0;
    for (const machine of this.#world.machines) {
      this.#before.set(machine.name, {
        hadArrived: this.#runsDesired(machine),
        ...heldBy(machine),
      });
    }
  }

  /** Our faults, not the agent's deeds, may take the service of this machine away for a while. */
  excuse({ name }: SimulatedMachine): void {
    this.#excusedUntil.set(name, this.#world.time.nowMs + excuseMs);
  }

  /**
   * I1: nothing is ever executed whose digest stands in no signed revision. I9, ours: and nothing that the policy forbids, whoever
   * signs that it should.
   */
  executed(machine: string, sha256: string): void {
    assert.notEqual(
      sha256,
      this.#world.policy?.forbiddenProgram,
      `I9: ${machine} executes what nobody approved`,
    );
    const known = [...this.#world.revisions.values()].flatMap(({ files }) =>
      files.map((file) => file.sha256),
    );
    assert.ok(known.includes(sha256), `I1: ${machine} executes ${sha256}, which no revision names`);
  }

  /** What holds at every moment. */
  always(): void {
    const index = this.index();
    if (index !== undefined) this.#checkBudget(index);
    for (const machine of this.#world.machines) {
      this.#checkSerial(machine);
      this.#checkCurrent(machine);
    }
  }

  /** What holds once faults have stopped and everything has had its time. */
  atRest(isCalm: boolean): void {
    const rollout = this.#world.lastRollout;
    assert.ok(isCalm, `I4: it does not come to rest: ${this.#whatIsMissing()}`);
    assert.ok(rollout);
    for (const machine of this.#world.machines) this.#checkOutcome(machine, rollout);
    this.#checkAudit();
  }

  #checkOutcome(machine: SimulatedMachine, rollout: Rollout): void {
    const { name } = machine;
    const task = rollout.tasks[name];
    const before = this.#before.get(name);
    const committed = machine.journal(service)?.committed;
    if (task?.state === "skipped" && rollout.state !== "succeeded" && before?.hadArrived === true) {
      assert.deepEqual(
        { hadArrived: true, ...heldBy(machine) },
        before,
        `I5: ${name} was not touched`,
      );
    }
    if (rollout.state === "rolled-back") {
      assert.equal(committed?.release, rollout.previous, `I6: ${name} is back`);
      assert.deepEqual(
        committed?.environment,
        rollout.previousSettings?.environment,
        `I6: ${name}`,
      );
    }
    if (rollout.state === "succeeded" && task?.state === "moved") {
      assert.equal(committed?.release, this.#revision, `${name} runs the new one`);
      assert.deepEqual(committed?.environment, rollout.settings.environment, `${name}`);
    }
  }

  /** Whether a machine runs what the index says, and is well. */
  hasArrived(machine: SimulatedMachine): boolean {
    const index = this.index();
    const assignment = index?.services[service];
    if (index === undefined || assignment === undefined) return false;
    const desired = assignedRevision(assignment, { name: machine.name, tags: {} });
    if (machine.keptSerial !== index.serial) return false;
    const running = machine.processes.runningNow(service);
    const { committed, refused } = machine.journal(service) ?? {};
    const isWell =
      committed === undefined
        ? running.length === 0
        : running.length === 1 &&
          running[0] === committed.release &&
          machine.current(service) === committed.release;
    // What did not hold is not tried again by the same rollout; then what ran before goes on.
    const hasRefused = refused?.release === desired && refused?.rollout === assignment.rollout;
    return isWell && (committed?.release === desired || hasRefused);
  }

  /** Whether it runs what the index says. */
  #runsDesired(machine: SimulatedMachine): boolean {
    const assignment = this.index()?.services[service];
    const desired = assignment && assignedRevision(assignment, { name: machine.name, tags: {} });
    return machine.journal(service)?.committed?.release === desired;
  }

  /** The index in the tree. */
  index(): EnvironmentIndex | undefined {
    const stored = this.#world.tree.now(`environments/${environment}/index.json`);
    if (stored === undefined) return undefined;
    if (this.#index?.text === stored.text) return this.#index.document;
    const demands = { kind: "environment", keys: [this.#world.key], nowMs: 0 } as const;
    const opened = openEnvelope(stored.text, demands);
    assert.ok("document" in opened, "the index is signed");
    this.#index = { text: stored.text, document: opened.document };
    return opened.document;
  }

  /** I2: what we do takes no more machines out of service at once than a wave has. */
  #checkBudget(index: EnvironmentIndex): void {
    const assignment = index.services[service];
    for (const wave of assignment?.waves.slice(0, assignment.open) ?? []) {
      this.#widestWave = Math.max(this.#widestWave, wave.length);
    }
    for (const { name, processes } of this.#world.machines) {
      if (processes.serves(service)) this.#hasServed.add(name);
    }
    const out = this.#world.machines.filter(
      ({ name, processes }) =>
        this.#hasServed.has(name) &&
        !processes.serves(service) &&
        (this.#excusedUntil.get(name) ?? 0) < this.#world.time.nowMs,
    );
    if (assignment?.state === "settled") return;
    assert.ok(
      out.length <= Math.max(1, this.#widestWave),
      `I2: ${out.map(({ name }) => name).join(", ")} are out of service at once`,
    );
  }

  /** I8: a serial that was kept never goes back. */
  #checkSerial(machine: SimulatedMachine): void {
    const { name, keptSerial, keptPolicy } = machine;
    for (const [what, serial] of [
      ["index", keptSerial],
      ["policy", keptPolicy],
    ] as const) {
      const before = this.#serials.get(`${what} of ${name}`) ?? 0;
      assert.ok(serial >= before, `I8: the ${what} of ${name} went from ${before} to ${serial}`);
      this.#serials.set(`${what} of ${name}`, serial);
    }
  }

  /** I3: `current` names a release that is whole and as its revision says. */
  #checkCurrent(machine: SimulatedMachine): void {
    const current = machine.current(service);
    if (current === undefined) return;
    const revision = this.#world.revisions.get(current);
    assert.ok(revision, `I3: current of ${machine.name} names ${current}`);
    for (const { path, sha256 } of revision.files) {
      const bytes = machine.releaseFile(service, current, path);
      assert.ok(bytes !== undefined, `I3: ${path} of current is missing on ${machine.name}`);
      assert.equal(
        createHash("sha256").update(bytes).digest("hex"),
        sha256,
        `I3: ${path} on ${machine.name}`,
      );
    }
  }

  /** I7: the audit log has no gap, and every entry names the one before it. */
  #checkAudit(): void {
    const alarm = this.#world.failures.find((failure) => String(failure).includes("I7"));
    assert.equal(alarm, undefined, String(alarm));
    let previous = "0".repeat(64);
    for (let number = 1; ; number++) {
      const stored = this.#world.tree.now(`audit/${number}.json`);
      if (stored === undefined) break;
      const entry = JSON.parse(JSON.parse(stored.text).document);
      assert.equal(entry.number, number, "I7");
      assert.equal(entry.previous, previous, `I7: entry ${number}`);
      previous = createHash("sha256").update(stored.text).digest("hex");
    }
    const head = this.#world.tree.now("audit-head.json");
    assert.ok(head, "I7: there is a head");
    assert.equal(JSON.parse(JSON.parse(head.text).document).hash, previous, "I7: the head");
  }

  #whatIsMissing(): string {
    const index = this.index();
    const machines = this.#world.machines.map((machine) => {
      const desired =
        index?.services[service] &&
        assignedRevision(index.services[service], { name: machine.name, tags: {} });
      const running = machine.processes.runningNow(service).map((id) => id.slice(0, 6));
      return `${machine.name}: serial ${machine.keptSerial} of ${index?.serial}, should run ${desired?.slice(0, 6)}, committed ${machine.journal(service)?.committed?.release?.slice(0, 6)}, runs ${running.join(", ")}; ${machine.decided.slice(-4).join(" | ")}`;
    });
    const { state, sentence, publishedSerial, held } = this.#world.lastRollout ?? {};
    const failures = this.#world.failures.slice(-2).map(String);
    return [
      `rollout ${state} held ${held} published ${publishedSerial}: ${sentence}`,
      ...machines,
      ...failures,
    ].join("\n");
  }
}

function heldBy(machine: SimulatedMachine): Omit<Before, "hadArrived"> {
  const current = machine.current(service);
  return {
    current,
    environment: machine.journal(service)?.committed?.environment,
    files: machine.releaseFiles(service, current ?? "none"),
  };
}
