// The control plane in a simulated world: it may be killed at any moment and comes back with what is in the tree.
import {
  AuditLog,
  Environments,
  Machines,
  Revisions,
  type RolloutRequest,
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
  readonly environments: Environments;
  readonly revisions: Revisions;
  readonly rollouts: Rollouts;
  readonly life = new Mortal();
  readonly #settings: ServiceSettings;
  readonly #clock;

  constructor({ time, tree: wholeTree, blobs, key, onFailure }: ControlSurroundings) {
    const tree = this.life.hold(wholeTree);
    this.#clock = {
      now: () => time.nowMs,
      after: (ms: number, then: () => void) =>
        time.after(ms, () => {
          if (!this.life.isDead) then();
        }),
    };
    const clock = this.#clock;
    const documents = new SignedTree(tree, key);
    this.tokens = new Tokens(tree, documents, clock);
    this.audit = new AuditLog(tree, documents, clock);
    this.machines = new Machines(tree, documents, this.tokens, clock);
    this.environments = new Environments(tree, documents, clock);
    this.revisions = new Revisions(tree, blobs, documents);
    this.#settings = new ServiceSettings(documents, settingsKeys);
    const { environments, machines, audit } = this;
    this.rollouts = new Rollouts({ documents, environments, machines, audit, clock, onFailure });
  }

  async load(): Promise<void> {
    await this.machines.load();
    await this.rollouts.load();
  }

  die(): void {
    this.life.die();
  }

  async roll(request: RolloutRequest): Promise<string> {
    const settings = this.#settings;
    const { record } = await startRollout({ ...this, settings, clock: this.#clock }, request);
    return record.rollout.id;
  }

  async set(environment: string, service: string, name: string, value: string): Promise<void> {
    await this.#settings.change(environment, service, { [name]: value }, []);
  }

  async steer(id: string, word: "pause" | "resume" | "cancel" | "abandon"): Promise<void> {
    const { rollouts, audit } = this;
    await steerRollout({ rollouts, audit, clock: this.#clock }, id, word, {
      owner: "ann",
      reason: "",
    });
  }
}
