// The control plane in a simulated world: it may be killed at any moment and comes back with what is in the tree.
import {
  Approvals,
  AuditLog,
  type AuditMemory,
  Environments,
  MachineJoins,
  Machines,
  Policies,
  Revisions,
  type RolloutRequest,
  RolloutRunner,
  Rollouts,
  ServiceSettings,
  type SettingsKeys,
  SignedTree,
  startRollout,
  steerRollout,
  Tokens,
} from "@stoa/control/testing";
import { makeSettingsKey, type SecretKey } from "@stoa/deployment";
import type { MemoryBlobs, MemoryTree } from "./memory-tree.ts";
import { Mortal } from "./mortal.ts";
import type { SimulatedTime } from "./simulated-time.ts";

/** What the control plane needs of the world. */
export interface ControlSurroundings {
  readonly time: SimulatedTime;
  readonly tree: MemoryTree;
  readonly blobs: MemoryBlobs;
  readonly key: SecretKey;
  /** Where the end of the audit log is remembered; it outlives the control plane. */
  readonly auditMemory: AuditMemory;
  /** Is told of what went wrong and is nobody's request. */
  readonly onFailure: (failure: unknown) => void;
}

const settingsKey = makeSettingsKey();

/** What is sealed is opened by nobody in the simulated world: there, a sealed value is a value. */
const settingsKeys: SettingsKeys = {
  of: () => Promise.resolve([settingsKey]),
  renew: () => Promise.resolve(settingsKey),
};

/** One life of the control plane. */
export class SimulatedControl {
  readonly tokens: Tokens;
  readonly audit: AuditLog;
  readonly machines: Machines;
  readonly joins: MachineJoins;
  readonly environments: Environments;
  readonly revisions: Revisions;
  readonly rollouts: Rollouts;
  readonly runner: RolloutRunner;
  readonly policies: Policies;
  readonly approvals: Approvals;
  readonly life = new Mortal();
  readonly settings: ServiceSettings;
  readonly #clock;

  constructor({ time, tree: wholeTree, blobs, key, auditMemory, onFailure }: ControlSurroundings) {
    const tree = this.life.hold(wholeTree);
    const memory = this.life.hold(auditMemory);
    this.#clock = {
      now: () => time.nowMs,
      monotonicMs: () => time.nowMs,
      after: (ms: number, then: () => void) =>
        time.after(ms, () => {
          if (!this.life.isDead) then();
        }),
    };
    const clock = this.#clock;
    const documents = new SignedTree(tree, key);
    this.tokens = new Tokens(tree, documents, clock);
    this.audit = new AuditLog({ tree, documents, memory }, clock);
    this.machines = new Machines(tree, documents, clock);
    this.joins = new MachineJoins(this.machines, this.tokens, clock);
    this.environments = new Environments(tree, documents, clock);
    this.revisions = new Revisions(tree, blobs, documents);
    this.settings = new ServiceSettings(documents, settingsKeys);
    this.rollouts = new Rollouts(documents);
    const { environments, machines, audit, rollouts } = this;
    const running = { rollouts, environments, machines, audit, clock };
    this.runner = new RolloutRunner({ ...running, documents, onFailure });
    this.policies = new Policies({ tree, environments, rollouts, audit, clock, key });
    this.approvals = new Approvals(tree, this.policies);
  }

  /** Rejects where the audit log is not as it was left: no fault of these worlds touches it. */
  async load(): Promise<void> {
    const alarms = await this.audit.check();
    if (alarms.length > 0) throw new Error(`I7: ${alarms.join("; ")}`);
    await this.machines.load();
    await this.rollouts.load(this.#clock.now());
    this.runner.carryOn();
  }

  die(): void {
    this.life.die();
  }

  async roll(request: RolloutRequest): Promise<string> {
    const { record } = await startRollout({ ...this, clock: this.#clock }, request);
    return record.rollout.id;
  }

  async set(environment: string, service: string, name: string, value: string): Promise<void> {
    await this.settings.change(environment, service, { set: { [name]: value }, unset: [] });
  }

  async steer(id: string, word: "pause" | "resume" | "cancel" | "abandon"): Promise<void> {
    const { rollouts, runner, audit } = this;
    await steerRollout({ rollouts, runner, audit, clock: this.#clock }, id, word, {
      owner: "ann",
      reason: "",
    });
  }
}
