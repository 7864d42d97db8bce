// Rollouts: started, looked at whenever a machine says something, carried on after a restart from what is kept.
import { type Assignment, canonicalJson, type EnvironmentIndex } from "@stoa/deployment";
import type { Clock } from "../domain/clock.ts";
import { ControlFailure } from "../domain/control-failure.ts";
import { News } from "../domain/news.ts";
import { isEnded, type RolloutRecord } from "../domain/rollout-record.ts";
import { assignmentOf, type Sighting, stepRollout } from "../domain/rollout-step.ts";
import { treePaths } from "../domain/tree-paths.ts";
import type { Environments } from "./change-environments.ts";
import type { ServiceSettings } from "./keep-settings.ts";
import type { Machines } from "./know-machines.ts";
import type { AuditLog } from "./record-audit.ts";
import type { SignedTree } from "./sign-documents.ts";

/** What rollouts are run with. */
export interface RolloutParts {
  readonly documents: SignedTree;
  readonly environments: Environments;
  readonly machines: Machines;
  readonly settings: ServiceSettings;
  readonly audit: AuditLog;
  readonly clock: Clock;
  /** Is told when a step could not be made; it is tried again. */
  readonly onFailure: (failure: unknown) => void;
}

/** Which rollouts are asked for. */
interface RolloutFilter {
  readonly environment?: string | undefined;
  readonly service?: string | undefined;
}

/** How often a running rollout is looked at when no machine says anything. */
const lookMs = 1_000;

/**
 * All rollouts. What is kept of one is the truth; the index follows from it. A step is kept first and then shown to the machines,
 * so that whoever is killed in between finds everything it needs to go on.
 */
export class Rollouts {
  readonly news = new News<RolloutRecord>();
  readonly #parts: RolloutParts;
  readonly #known = new Map<string, RolloutRecord>();
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #stop = new AbortController();
  #timer: Disposable | undefined;

  constructor(parts: RolloutParts) {
    this.#parts = parts;
  }

  /** Reads what is kept and carries on what has not ended. */
  async load(): Promise<void> {
    for (const path of await this.#parts.documents.list("rollouts")) {
      const rollout = await this.#parts.documents.readRecord<RolloutRecord>(path, "rollout");
      if (rollout !== undefined) this.#known.set(rollout.id, rollout);
    }
    void this.#watch();
    for (const rollout of this.#latest()) void this.#look(rollout.id);
    this.#lookLater();
  }

  /** Ends the looking; what runs is carried on by the next process. */
  [Symbol.dispose](): void {
    this.#stop.abort();
    this.#timer?.[Symbol.dispose]();
  }

  /** Fails with `not_found`. */
  get(id: string): RolloutRecord {
    const rollout = this.#known.get(id);
    if (rollout !== undefined) return rollout;
    throw new ControlFailure("not_found", `there is no rollout ${id}; stoa history SERVICE shows all`);
  }

  find(id: string): RolloutRecord | undefined {
    return this.#known.get(id);
  }

  /** The newest first. */
  list(filter: RolloutFilter = {}): readonly RolloutRecord[] {
    return [...this.#known.values()]
      .filter(
        ({ environment, service }) =>
          (filter.environment ?? environment) === environment && (filter.service ?? service) === service,
      )
      .toSorted((one, other) => (one.id < other.id ? 1 : -1));
  }

  /** The one that runs for a service in an environment. */
  running(environment: string, service: string): RolloutRecord | undefined {
    return this.list({ environment, service }).find((rollout) => !isEnded(rollout));
  }

  /** Begins a rollout. Fails with `conflict` if one runs for the same service in the same environment. */
  async begin(rollout: RolloutRecord): Promise<RolloutRecord> {
    return await this.#inTurn(groupOf(rollout), async () => {
      const other = this.running(rollout.environment, rollout.service);
      if (other !== undefined) throw occupied(other);
      await this.#keep(rollout);
      await this.#show(rollout);
      return rollout;
    });
  }

  /** Changes a rollout that has not ended and shows the change to the machines. */
  async change(
    id: string,
    change: (rollout: RolloutRecord) => RolloutRecord,
  ): Promise<RolloutRecord> {
    const { environment, service } = this.get(id);
    return await this.#inTurn(groupOf({ environment, service }), async () => {
      const before = this.get(id);
      const after = change(before);
      if (after !== before) await this.#keep(after);
      await this.#show(after);
      return after;
    });
  }

  /** The newest of each service in each environment: what the index has to show, even where a crash came between. */
  #latest(): readonly RolloutRecord[] {
    const groups = Map.groupBy(this.list(), groupOf);
    return [...groups.values()].flatMap(([newest]) => newest ?? []);
  }

  async #watch(): Promise<void> {
    for await (const machine of this.#parts.machines.news.follow(this.#stop.signal)) {
      for (const rollout of this.#known.values()) {
        if (!isEnded(rollout) && Object.hasOwn(rollout.machines, machine)) void this.#look(rollout.id);
      }
    }
  }

  #lookLater(): void {
    if (this.#stop.signal.aborted) return;
    this.#timer = this.#parts.clock.after(lookMs, () => {
      for (const rollout of this.#known.values()) {
        if (!isEnded(rollout)) void this.#look(rollout.id);
      }
      this.#lookLater();
    });
  }

  /** Looks at one rollout and makes the steps that can be made. */
  async #look(id: string): Promise<void> {
    const { environment, service } = this.get(id);
    await this.#inTurn(groupOf({ environment, service }), async () => {
      while (!this.#stop.signal.aborted) {
        const before = this.get(id);
        await this.#show(before);
        if (isEnded(before)) return;
        const after = stepRollout(before, await this.#sightings(before), this.#parts.clock.now());
        if (after === before) return;
        await this.#keep(after);
        await this.#recordEnd(after);
      }
    }).catch(this.#parts.onFailure);
  }

  async #recordEnd(rollout: RolloutRecord): Promise<void> {
    if (!isEnded(rollout)) return;
    const { environment, service, id, state, cause = "" } = rollout;
    const details = { rollout: id, state, ...(cause === "" ? {} : { cause }) };
    await this.#parts.audit.record("stoa", "rollout.end", `${environment}/${service}`, details);
  }

  async #sightings(rollout: RolloutRecord): Promise<readonly Sighting[]> {
    const index = await this.#parts.environments.read(rollout.environment);
    const serial = sinceOf(index, rollout);
    return Object.keys(rollout.machines).map((machine) => {
      const known = this.#parts.machines.find(machine);
      return {
        machine,
        status: known?.status?.services[rollout.service],
        isCurrent: (known?.status?.seenSerial ?? 0) >= serial,
        reachable: known?.reachable ?? false,
      };
    });
  }

  /** Makes the index say what the rollout says. */
  async #show(rollout: RolloutRecord): Promise<void> {
    const { environment, service } = rollout;
    const settings = await this.#parts.settings.read(environment, service);
    await this.#parts.environments.change(environment, (services, serial) => {
      const present = services[service];
      const wanted = assignmentOf(rollout, settings);
      if (wanted === undefined) {
        if (present === undefined) return undefined;
        const { [service]: _, ...rest } = services;
        return rest;
      }
      if (present !== undefined && isSame(present, wanted)) return undefined;
      return { ...services, [service]: { ...wanted, serial } };
    });
  }

  async #keep(rollout: RolloutRecord): Promise<void> {
    await this.#parts.documents.writeRecord(treePaths.rollout(rollout.id), "rollout", rollout);
    this.#known.set(rollout.id, rollout);
    this.news.publish(rollout);
  }

  async #inTurn<T>(group: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(group) ?? Promise.resolve()).then(work, work);
    this.#turns.set(group, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(group) === turn) this.#turns.delete(group);
    }
  }
}

/** From which serial on a machine has seen what the rollout says now. */
function sinceOf(index: EnvironmentIndex | undefined, { service }: RolloutRecord): number {
  return index?.services[service]?.serial ?? index?.serial ?? 0;
}

function groupOf({ environment, service }: Pick<RolloutRecord, "environment" | "service">): string {
  return `${environment}/${service}`;
}

function isSame({ serial: _, ...present }: Assignment, wanted: Omit<Assignment, "serial">): boolean {
  return canonicalJson(present) === canonicalJson(wanted);
}

function occupied({ id, owner, reason, version, startedAt, service }: RolloutRecord): ControlFailure {
  const why = reason === "" ? "" : ` (${reason})`;
  return new ControlFailure(
    "conflict",
    `rollout ${id} of ${service} ${version} by ${owner}${why} runs since ${startedAt}; wait for it, or: stoa cancel ${id}`,
  );
}
