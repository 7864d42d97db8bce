// The policy of a simulated world, and whoever has broken into its server and tries to get around it.
import {
  countersign,
  makeSecretKey,
  publicKeyLine,
  type Revision,
  revisionId,
  type SecretKey,
  sealEnvelope,
  settingsDigest,
  type WantedAssignment,
} from "@stoa/deployment";
import type { SeededRandom } from "@stoa/deployment/testing";
import type { MemoryBlobs } from "./memory-tree.ts";
import type { SimulatedControl } from "./simulated-control.ts";

/** What the policy is about. */
export interface PolicyPlace {
  readonly environment: string;
  readonly service: string;
}

/** Revisions must be approved by a key that no server has; so must changes of the policy. */
export class SimulatedPolicy {
  /** The digest of the program that nobody has approved. */
  readonly forbiddenProgram: string;
  readonly #place: PolicyPlace;
  readonly #approver: SecretKey;
  readonly #administrator: SecretKey;
  readonly #forbidden: Revision;

  constructor(place: PolicyPlace, random: SeededRandom, blobs: MemoryBlobs) {
    this.#place = place;
    this.#approver = makeSecretKey((count) => random.bytes(count));
    this.#administrator = makeSecretKey((count) => random.bytes(count));
    const program = Buffer.from("works\nfor whoever has broken in\n");
    this.forbiddenProgram = blobs.add(program);
    this.#forbidden = {
      format: 1,
      service: place.service,
      version: "666",
      os: "linux",
      arch: "amd64",
      files: [{ path: "shop", mode: 0o755, size: program.length, sha256: this.forbiddenProgram }],
      run: {
        entry: "shop",
        arguments: [],
        environment: {},
        sockets: [{ name: "http", address: ":8080" }],
        health: { kind: "none" },
        readiness: "none",
        handOff: "overlap",
        drainMs: 0,
      },
    };
  }

  /** Puts it in force. */
  async begin(control: SimulatedControl): Promise<void> {
    const { service } = this.#place;
    const keys = [publicKeyLine(this.#approver)];
    const administrators = [publicKeyLine(this.#administrator)];
    const rules = [{ services: [service], people: [], keys, approvals: 1 }];
    await this.#change(control, { kind: "set", rules, administrators });
    await control.revisions.put(service, revisionId(this.#forbidden), this.#forbidden);
  }

  async approve(control: SimulatedControl, revision: string): Promise<void> {
    const { environment, service } = this.#place;
    const settings = settingsDigest(await control.settings.read(environment, service));
    const adding = settings === undefined ? {} : { settings };
    const approved = { ...this.#place, revision, ...adding };
    const approval = { format: 1, ...approved } as const;
    await control.approvals.add(approved, sealEnvelope("approval", approval, this.#approver));
  }

  async freeze(control: SimulatedControl): Promise<void> {
    await this.#change(control, { kind: "freeze", services: [] });
  }

  async thaw(control: SimulatedControl): Promise<void> {
    await this.#change(control, { kind: "thaw" });
  }

  /** Somebody who holds the server and its key has every machine run what nobody approved. */
  async breakIn(control: SimulatedControl): Promise<void> {
    const { environment, service } = this.#place;
    await control.environments.change(environment, (services, serial) => {
      const present = services[service];
      if (present === undefined) return undefined;
      const revision = revisionId(this.#forbidden);
      const forged = { serial, revision, rollout: forgedRollout, waves: [], open: 0 } as const;
      return { ...services, [service]: { ...present, ...forged, state: "settled" } };
    });
  }

  /** Makes the index right again, if it is not. */
  async repair(control: SimulatedControl, wanted: WantedAssignment): Promise<void> {
    const { environment, service } = this.#place;
    await control.environments.change(environment, (services, serial) =>
      services[service]?.rollout === forgedRollout
        ? { ...services, [service]: { ...wanted, serial } }
        : undefined,
    );
  }

  async #change(
    control: SimulatedControl,
    change: Parameters<typeof control.policies.draft>[0]["change"],
  ): Promise<void> {
    const { environment } = this.#place;
    const serial = (await control.policies.current(environment))?.policy.serial ?? 0;
    const said = { by: "ann", reason: "it is so" };
    const draft = await control.policies.draft({ environment, serial, change, ...said });
    const signed = serial === 0 ? draft : countersign(draft, "policy", this.#administrator);
    await control.policies.publish(environment, signed, {
      ...said,
      action: `policy.${change.kind}`,
    });
  }
}

const forgedRollout = "forged";
