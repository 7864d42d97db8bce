// Rollouts: started, moved on by what machines say and by time, carried on after a restart from what is kept.
import {
  isOver,
  type RolloutAction,
  type RolloutEvent,
  type RolloutStep,
  stepRollout,
} from "@stoa/deployment";
import type { Clock } from "../domain/clock.ts";
import { ControlFailure } from "../domain/control-failure.ts";
import { inParallel } from "../domain/in-parallel.ts";
import { News } from "../domain/news.ts";
import {
  afterAbsence,
  afterClockWasSet,
  isNewer,
  isSettled,
  type RolloutRecord,
  withNotes,
} from "../domain/rollout-record.ts";
import { treePaths } from "../domain/tree-paths.ts";
import { wantedServices } from "../domain/wanted-services.ts";
import type { Environments } from "./change-environments.ts";
import { settingsPath } from "./keep-settings.ts";
import type { Machines } from "./know-machines.ts";
import type { AuditLog } from "./record-audit.ts";
import type { SignedTree } from "./sign-documents.ts";

/** What rollouts are run with. */
export interface RolloutParts {
  readonly documents: SignedTree;
  readonly environments: Environments;
  readonly machines: Machines;
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
const lookMs = 500;

/**
 * All rollouts. What is kept of one is the truth, and the index follows from it: a step is kept first and published then, so
 * that whoever is killed in between finds everything that is needed to go on. One runs per service and environment; it is
 * owned by nobody's process and outlives whoever asked for it.
 */
export class Rollouts {
  readonly news = new News<RolloutRecord>();
  readonly #parts: RolloutParts;
  readonly #known = new Map<string, RolloutRecord>();
  readonly #turns = new Map<string, Promise<unknown>>();
  /** Rollouts that are about to be looked at. */
  readonly #awaited = new Set<string>();
  /** Those that could not be begun, of which the store may yet have kept something. */
  readonly #doubtful = new Set<string>();
  readonly #end = new AbortController();
  #timer: Disposable | undefined;

  constructor(parts: RolloutParts) {
    this.#parts = parts;
  }

  /** Reads what is kept and carries on what has not ended. */
  async load(): Promise<void> {
    const { documents, clock } = this.#parts;
    const newest = new Map<string, string>();
    // The newest first. One that has not ended and has a newer one behind it was never begun: see `begin`.
    const paths = [...(await documents.list("rollouts"))].sort().reverse();
    const records = await inParallel(paths, (path) =>
      documents.readRecord<RolloutRecord>(path, "rollout"),
    );
    for (const record of records) {
      if (record === undefined) continue;
      const { id } = record.rollout;
      const isLast = (newest.get(groupOf(record)) ?? id) === id;
      newest.set(groupOf(record), newest.get(groupOf(record)) ?? id);
      if (isOver(record.rollout)) this.#known.set(id, record);
      else if (isLast)
        this.#known.set(id, { ...record, rollout: afterAbsence(record.rollout, clock.now()) });
      else this.#doubtful.add(id);
    }
    void this.#listen();
    this.#lookLater();
  }

  /** Ends the looking and waits for the step that is being made; the rest is carried on by the next process. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    this.#timer?.[Symbol.dispose]();
    await Promise.allSettled(this.#turns.values());
  }

  /** The clock now says another time than has passed: nobody was silent, and no bake is over, because of that. */
  clockWasSet(byMs: number): void {
    for (const record of this.#unsettled()) {
      const { rollout } = record;
      this.#known.set(rollout.id, { ...record, rollout: afterClockWasSet(rollout, byMs) });
    }
  }

  /** Fails with `not_found`. */
  get(id: string): RolloutRecord {
    const record = this.#known.get(id);
    if (record !== undefined) return record;
    throw new ControlFailure("not_found", `there is no rollout ${id}; stoa history shows all`);
  }

  find(id: string): RolloutRecord | undefined {
    return this.#known.get(id);
  }

  /** The newest first. */
  list(filter: RolloutFilter = {}): readonly RolloutRecord[] {
    return [...this.#known.values()]
      .filter(
        ({ rollout: { environment, service } }) =>
          (filter.environment ?? environment) === environment &&
          (filter.service ?? service) === service,
      )
      .toSorted(({ rollout: one }, { rollout: other }) => (one.id < other.id ? 1 : -1));
  }

  /** The one that runs for a service in an environment. */
  running(environment: string, service: string): RolloutRecord | undefined {
    return this.list({ environment, service }).find(({ rollout }) => !isOver(rollout));
  }

  /**
   * Begins a rollout that `begin` makes. Fails with `conflict` if one runs for the same service in the same environment. What
   * could not be kept has not begun, and never will, even if the store had taken it and only its answer was lost.
   */
  async begin(
    environment: string,
    service: string,
    begin: () => Promise<{ readonly record: RolloutRecord; readonly step: RolloutStep }>,
  ): Promise<RolloutRecord> {
    return await this.#inTurn(`${environment}/${service}`, async () => {
      await this.#beginFrom(environment, service);
      const { record, step } = await begin();
      const { id } = record.rollout;
      await this.#take(record, step).catch((failure) => {
        if (!this.#known.has(id)) {
          this.#doubtful.add(id);
          throw failure;
        }
        // It is kept, and so it is carried on.
        this.#parts.onFailure(failure);
      });
      return this.get(id);
    });
  }

  /**
   * Changes what is kept of the last rollout of a service to what `change` makes of it, and publishes what follows from that.
   * Fails with `conflict` if one runs. What is kept is carried on, also where it could not be published at once. Gives what
   * `change` tells.
   */
  async amend<T>(
    environment: string,
    service: string,
    change: (
      last: RolloutRecord | undefined,
    ) => Promise<{ readonly record: RolloutRecord; readonly told: T }>,
  ): Promise<T> {
    return await this.#inTurn(`${environment}/${service}`, async () => {
      const { record, told } = await change(await this.#beginFrom(environment, service));
      await this.#keep(record);
      await this.#settle(record.rollout.id).catch(this.#parts.onFailure);
      return told;
    });
  }

  /** Fails with `conflict` if a rollout of the service runs. */
  checkIdle(environment: string, service: string): void {
    const other = this.running(environment, service);
    if (other !== undefined) throw occupied(other);
  }

  /** Lets something happen to a rollout. `check` may refuse, given how it stands then. */
  async happen(
    id: string,
    event: RolloutEvent,
    check: (record: RolloutRecord) => void = () => undefined,
  ): Promise<RolloutRecord> {
    return await this.#inTurn(groupOf(this.get(id)), async () => {
      check(this.get(id));
      await this.#apply(id, event);
      return this.get(id);
    });
  }

  /** A machine has been removed: nothing waits for it any more. */
  async leave(machine: string): Promise<void> {
    for (const { rollout } of this.#unsettled()) {
      if (!Object.hasOwn(rollout.tasks, machine)) continue;
      await this.happen(rollout.id, { kind: "left", machine, atMs: this.#parts.clock.now() });
    }
  }

  /** What the last one could not publish at its end comes first: it is what the next begins from. */
  async #beginFrom(environment: string, service: string): Promise<RolloutRecord | undefined> {
    this.checkIdle(environment, service);
    const [last] = this.list({ environment, service });
    if (last !== undefined) await this.#settle(last.rollout.id);
    await this.#forgetDoubtful();
    return last === undefined ? undefined : this.get(last.rollout.id);
  }

  async #forgetDoubtful(): Promise<void> {
    for (const id of this.#doubtful) {
      await this.#parts.documents.remove(treePaths.rollout(id));
      this.#doubtful.delete(id);
    }
  }

  #unsettled(): readonly RolloutRecord[] {
    return [...this.#known.values()].filter((record) => !isSettled(record));
  }

  async #listen(): Promise<void> {
    for await (const machine of this.#parts.machines.news.follow(this.#end.signal)) {
      for (const { rollout } of this.#unsettled()) {
        if (Object.hasOwn(rollout.tasks, machine)) void this.#look(rollout.id);
      }
    }
  }

  #lookLater(): void {
    if (this.#end.signal.aborted) return;
    this.#timer = this.#parts.clock.after(lookMs, () => {
      for (const { rollout } of this.#unsettled()) void this.#look(rollout.id);
      if (this.#doubtful.size > 0) void this.#forgetDoubtful().catch(this.#parts.onFailure);
      this.#lookLater();
    });
  }

  /** Tells a rollout what its machines said last and what time it is: one look for all that is said until its turn comes. */
  async #look(id: string): Promise<void> {
    const { machines, clock, onFailure } = this.#parts;
    if (this.#awaited.has(id)) return;
    this.#awaited.add(id);
    await this.#inTurn(groupOf(this.get(id)), async () => {
      this.#awaited.delete(id);
      if (this.#end.signal.aborted) return;
      // What could not be published before comes first: nothing that machines say counts until then.
      await this.#settle(id);
      const reports = Object.keys(this.get(id).rollout.tasks).flatMap((name): RolloutEvent[] => {
        const known = machines.find(name);
        if (known?.status === undefined || known.heardAt === 0) return [];
        return [{ kind: "report", status: known.status, atMs: known.heardAt }];
      });
      await this.#apply(id, ...reports, { kind: "tick", atMs: clock.now() });
    }).catch(onFailure);
  }

  /** What several events come to is kept and published once. */
  async #apply(id: string, ...events: readonly RolloutEvent[]): Promise<void> {
    const record = this.get(id);
    let { rollout } = record;
    const actions: RolloutAction[] = [];
    for (const event of events) {
      const step = stepRollout(rollout, event);
      rollout = step.rollout;
      actions.push(...step.actions);
    }
    await this.#take(record, { rollout, actions });
  }

  /** Keeps where a step leads, and does what it asks for. */
  async #take(before: RolloutRecord, { rollout, actions }: RolloutStep): Promise<void> {
    const notes = actions.filter((action) => action.kind === "note");
    const ends = actions.some(({ kind }) => kind === "end");
    const owed = ends ? { endOwedSince: await this.#parts.audit.last() } : {};
    const after = withNotes({ ...before, rollout, ...owed }, notes, this.#parts.clock.now());
    if (isNewer(before.rollout, rollout) || !this.#known.has(rollout.id)) await this.#keep(after);
    else this.#known.set(rollout.id, after);
    await this.#settle(rollout.id);
  }

  /** Makes up for what was kept and not yet done: the entry of its end, and what the index says. */
  async #settle(id: string): Promise<void> {
    await this.#recordEnd(id);
    await this.#publish(id);
  }

  /** Makes the index say what the rollout wants, unless it is known to. */
  async #publish(id: string): Promise<void> {
    const record = this.get(id);
    const { rollout } = record;
    if (rollout.publishedSerial !== undefined) return;
    const { environment, service } = rollout;
    const { documents, environments, clock } = this.#parts;
    const index = await environments.change(environment, (services, serial) =>
      wantedServices(record, services, serial),
    );
    if (record.removed !== undefined) {
      const [last] = this.list({ environment, service });
      // Its settings go last: whoever is killed before finds here what is still to be done.
      if (last === record) await documents.remove(settingsPath(environment, service));
      await this.#keep({ ...record, rollout: { ...rollout, publishedSerial: index.serial } });
      return;
    }
    const assignment = index.services[service];
    if (assignment === undefined) return;
    await this.#apply(id, { kind: "published", assignment, atMs: clock.now() });
  }

  /** The debt is kept with the end itself, so that a death in between leaves no gap in the log, and no entry twice. */
  async #recordEnd(id: string): Promise<void> {
    const { endOwedSince, ...record } = this.get(id);
    if (endOwedSince === undefined) return;
    const { environment, service, state, sentence, publishedSerial } = record.rollout;
    await this.#parts.audit.recordOnce(endOwedSince, {
      actor: "stoa",
      action: "rollout.end",
      subject: `${environment}/${service}`,
      details: { rollout: id, state, sentence },
    });
    // What is published next is kept, and this with it.
    if (publishedSerial === undefined) this.#known.set(id, record);
    else await this.#keep(record);
  }

  async #keep(record: RolloutRecord): Promise<void> {
    const path = treePaths.rollout(record.rollout.id);
    await this.#parts.documents.writeRecord(path, "rollout", record);
    this.#known.set(record.rollout.id, record);
    this.news.publish(record);
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

function groupOf({ rollout: { environment, service } }: RolloutRecord): string {
  return `${environment}/${service}`;
}

function occupied({ rollout, version }: RolloutRecord): ControlFailure {
  const { id, owner, reason, startedMs, service, held } = rollout;
  const why = reason === "" ? "" : ` (${reason})`;
  const runs = `${held ? "is paused; it began" : "runs since"} ${new Date(startedMs).toISOString()}`;
  return new ControlFailure(
    "conflict",
    `rollout ${id} of ${service} ${version} by ${owner}${why} ${runs}; wait for it, or: stoa cancel ${id}`,
  );
}
