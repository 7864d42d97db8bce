// Rollouts: started, moved on by what machines say and by time, carried on after a restart from what is kept.
import {
  type RolloutAction,
  type RolloutEvent,
  type RolloutStep,
  stepRollout,
} from "@stoa/deployment";
import type { Clock } from "../domain/clock.ts";
import { ControlFailure } from "../domain/control-failure.ts";
import { isNewer, placeOf, type RolloutRecord, withNotes } from "../domain/rollout-record.ts";
import { wantedServices } from "../domain/wanted-services.ts";
import type { Environments } from "./change-environments.ts";
import type { Rollouts } from "./keep-rollouts.ts";
import { settingsPath } from "./keep-settings.ts";
import type { Machines } from "./know-machines.ts";
import type { AuditLog } from "./record-audit.ts";
import type { SignedTree } from "./sign-documents.ts";

/** What rollouts are run with. */
export interface RolloutParts {
  readonly documents: SignedTree;
  readonly rollouts: Rollouts;
  readonly environments: Environments;
  readonly machines: Machines;
  readonly audit: AuditLog;
  readonly clock: Clock;
  /** Is told when a step could not be made; it is tried again. */
  readonly onFailure: (failure: unknown) => void;
}

/** How often a running rollout is looked at when no machine says anything. */
const lookMs = 500;

/**
 * Runs rollouts. What is kept of one is the truth, and the index follows from it: a step is kept first and published then, so
 * that whoever is killed in between finds everything that is needed to go on. One runs per service and environment; it is
 * owned by nobody's process and outlives whoever asked for it.
 */
export class RolloutRunner {
  readonly #parts: RolloutParts;
  readonly #turns = new Map<string, Promise<unknown>>();
  /** Rollouts that are about to be looked at. */
  readonly #awaited = new Set<string>();
  readonly #end = new AbortController();
  #timer: Disposable | undefined;

  constructor(parts: RolloutParts) {
    this.#parts = parts;
  }

  /** Carries on what has not ended. */
  carryOn(): void {
    void this.#listen();
    this.#lookLater();
  }

  /** Ends the looking and waits for the step that is being made; the rest is carried on by the next process. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    this.#timer?.[Symbol.dispose]();
    await Promise.allSettled(this.#turns.values());
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
    const { rollouts, onFailure } = this.#parts;
    return await this.#inTurn(`${environment}/${service}`, async () => {
      await this.#beginFrom(environment, service);
      const { record, step } = await begin();
      const { id } = record.rollout;
      await this.#take(record, step).catch((failure) => {
        if (rollouts.find(id) === undefined) {
          rollouts.doubt(id);
          throw failure;
        }
        // It is kept, and so it is carried on.
        onFailure(failure);
      });
      return rollouts.get(id);
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
    const { rollouts, onFailure } = this.#parts;
    return await this.#inTurn(`${environment}/${service}`, async () => {
      const { record, told } = await change(await this.#beginFrom(environment, service));
      await rollouts.keep(record);
      await this.#settle(record.rollout.id).catch(onFailure);
      return told;
    });
  }

  /** Fails with `conflict` if a rollout of the service runs. */
  checkIdle(environment: string, service: string): void {
    const other = this.#parts.rollouts.running(environment, service);
    if (other !== undefined) throw occupied(other);
  }

  /** Lets something happen to a rollout. `check` may refuse, given how it stands then. */
  async happen(
    id: string,
    event: RolloutEvent,
    check: (record: RolloutRecord) => void = () => undefined,
  ): Promise<RolloutRecord> {
    const { rollouts } = this.#parts;
    return await this.#inTurn(placeOf(rollouts.get(id)), async () => {
      check(rollouts.get(id));
      await this.#apply(id, event);
      return rollouts.get(id);
    });
  }

  /** A machine has been removed: nothing waits for it any more. */
  async leave(machine: string): Promise<void> {
    const { rollouts, clock } = this.#parts;
    for (const { rollout } of rollouts.unsettled()) {
      if (!Object.hasOwn(rollout.tasks, machine)) continue;
      await this.happen(rollout.id, { kind: "left", machine, atMs: clock.now() });
    }
  }

  /** What the last one could not publish at its end comes first: it is what the next begins from. */
  async #beginFrom(environment: string, service: string): Promise<RolloutRecord | undefined> {
    const { rollouts } = this.#parts;
    this.checkIdle(environment, service);
    const [last] = rollouts.list({ environment, service });
    if (last !== undefined) await this.#settle(last.rollout.id);
    await rollouts.forgetDoubtful();
    return last === undefined ? undefined : rollouts.get(last.rollout.id);
  }

  async #listen(): Promise<void> {
    const { rollouts, machines } = this.#parts;
    for await (const machine of machines.news.follow(this.#end.signal)) {
      for (const { rollout } of rollouts.unsettled()) {
        if (Object.hasOwn(rollout.tasks, machine)) void this.#look(rollout.id);
      }
    }
  }

  #lookLater(): void {
    if (this.#end.signal.aborted) return;
    const { rollouts, clock, onFailure } = this.#parts;
    this.#timer = clock.after(lookMs, () => {
      for (const { rollout } of rollouts.unsettled()) void this.#look(rollout.id);
      void rollouts.forgetDoubtful().catch(onFailure);
      this.#lookLater();
    });
  }

  /** Tells a rollout what its machines said last and what time it is: one look for all that is said until its turn comes. */
  async #look(id: string): Promise<void> {
    const { rollouts, machines, clock, onFailure } = this.#parts;
    if (this.#awaited.has(id)) return;
    this.#awaited.add(id);
    await this.#inTurn(placeOf(rollouts.get(id)), async () => {
      this.#awaited.delete(id);
      if (this.#end.signal.aborted) return;
      // What could not be published before comes first: nothing that machines say counts until then.
      await this.#settle(id);
      const reports = Object.keys(rollouts.get(id).rollout.tasks).flatMap(
        (name): RolloutEvent[] => {
          const known = machines.find(name);
          if (known?.status === undefined || known.heardAt === 0) return [];
          return [{ kind: "report", status: known.status, atMs: known.heardAt }];
        },
      );
      await this.#apply(id, ...reports, { kind: "tick", atMs: clock.now() });
    }).catch(onFailure);
  }

  /** What several events come to is kept and published once. */
  async #apply(id: string, ...events: readonly RolloutEvent[]): Promise<void> {
    const record = this.#parts.rollouts.get(id);
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
    const { rollouts, audit, clock } = this.#parts;
    const notes = actions.filter((action) => action.kind === "note");
    const ends = actions.some(({ kind }) => kind === "end");
    const owed = ends ? { endOwedSince: await audit.last() } : {};
    const after = withNotes({ ...before, rollout, ...owed }, notes, clock.now());
    const isNew = rollouts.find(rollout.id) === undefined;
    if (isNew || isNewer(before.rollout, rollout)) await rollouts.keep(after);
    else rollouts.remember(after);
    await this.#settle(rollout.id);
  }

  /** Makes up for what was kept and not yet done: the entry of its end, and what the index says. */
  async #settle(id: string): Promise<void> {
    await this.#recordEnd(id);
    await this.#publish(id);
  }

  /** Makes the index say what the rollout wants, unless it is known to. */
  async #publish(id: string): Promise<void> {
    const { documents, rollouts, environments, clock } = this.#parts;
    const record = rollouts.get(id);
    const { rollout } = record;
    if (rollout.publishedSerial !== undefined) return;
    const { environment, service } = rollout;
    const index = await environments.change(environment, (services, serial) =>
      wantedServices(record, services, serial),
    );
    if (record.removed !== undefined) {
      const [last] = rollouts.list({ environment, service });
      // Its settings go last: whoever is killed before finds here what is still to be done.
      if (last === record) await documents.remove(settingsPath(environment, service));
      await rollouts.keep({ ...record, rollout: { ...rollout, publishedSerial: index.serial } });
      return;
    }
    const assignment = index.services[service];
    if (assignment === undefined) return;
    await this.#apply(id, { kind: "published", assignment, atMs: clock.now() });
  }

  /** The debt is kept with the end itself, so that a death in between leaves no gap in the log, and no entry twice. */
  async #recordEnd(id: string): Promise<void> {
    const { rollouts, audit } = this.#parts;
    const { endOwedSince, ...record } = rollouts.get(id);
    if (endOwedSince === undefined) return;
    const { environment, service, state, sentence, publishedSerial } = record.rollout;
    await audit.recordOnce(endOwedSince, {
      actor: "stoa",
      action: "rollout.end",
      subject: `${environment}/${service}`,
      details: { rollout: id, state, sentence },
    });
    // What is published next is kept, and this with it.
    if (publishedSerial === undefined) rollouts.remember(record);
    else await rollouts.keep(record);
  }

  async #inTurn<T>(place: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(place) ?? Promise.resolve()).then(work, work);
    this.#turns.set(place, turn);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(place) === turn) this.#turns.delete(place);
    }
  }
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
