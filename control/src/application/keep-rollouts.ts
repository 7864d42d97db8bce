// What is kept of rollouts: all that ever began, the newest first.
import { isOver } from "@stoa/deployment";
import { ControlFailure } from "../domain/control-failure.ts";
import { inParallel } from "../domain/in-parallel.ts";
import { News } from "../domain/news.ts";
import {
  afterAbsence,
  afterClockWasSet,
  isSettled,
  placeOf,
  type RolloutRecord,
} from "../domain/rollout-record.ts";
import { treePaths } from "../domain/tree-paths.ts";
import type { SignedTree } from "./sign-documents.ts";

/** Which rollouts are asked for. */
interface RolloutFilter {
  readonly environment?: string | undefined;
  readonly service?: string | undefined;
}

/** All rollouts. Every change that is kept is published as the record. */
export class Rollouts {
  readonly news = new News<RolloutRecord>();
  readonly #documents: SignedTree;
  readonly #known = new Map<string, RolloutRecord>();
  /** Those that could not be begun, of which the store may yet have kept something. */
  readonly #doubtful = new Set<string>();

  constructor(documents: SignedTree) {
    this.#documents = documents;
  }

  /** Reads what is kept. The time since somebody last looked at it is not held against machines. */
  async load(nowMs: number): Promise<void> {
    const newest = new Map<string, string>();
    // The newest first. One that has not ended and has a newer one behind it was never begun: see `doubt`.
    const paths = [...(await this.#documents.list("rollouts"))].sort().reverse();
    const records = await inParallel(paths, (path) =>
      this.#documents.readRecord<RolloutRecord>(path, "rollout"),
    );
    for (const record of records) {
      if (record === undefined) continue;
      const { id } = record.rollout;
      const isLast = (newest.get(placeOf(record)) ?? id) === id;
      newest.set(placeOf(record), newest.get(placeOf(record)) ?? id);
      if (isOver(record.rollout)) this.#known.set(id, record);
      else if (isLast)
        this.#known.set(id, { ...record, rollout: afterAbsence(record.rollout, nowMs) });
      else this.#doubtful.add(id);
    }
  }

  /** The clock now says another time than has passed: nobody was silent, and no bake is over, because of that. */
  clockWasSet(byMs: number): void {
    for (const record of this.unsettled()) {
      this.remember({ ...record, rollout: afterClockWasSet(record.rollout, byMs) });
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

  /** Those to which something may happen yet, or of which not all is done. */
  unsettled(): readonly RolloutRecord[] {
    return [...this.#known.values()].filter((record) => !isSettled(record));
  }

  /** Resolves when it is kept for good. */
  async keep(record: RolloutRecord): Promise<void> {
    const path = treePaths.rollout(record.rollout.id);
    await this.#documents.writeRecord(path, "rollout", record);
    this.remember(record);
    this.news.publish(record);
  }

  /** Goes on from here, and need not after a restart: what would be lost comes again by itself. */
  remember(record: RolloutRecord): void {
    this.#known.set(record.rollout.id, record);
  }

  /** It could not be kept, and so it has not begun; but the store may have taken it all the same. */
  doubt(id: string): void {
    this.#doubtful.add(id);
  }

  /** Removes what the store may have of rollouts that never began. */
  async forgetDoubtful(): Promise<void> {
    for (const id of this.#doubtful) {
      await this.#documents.remove(treePaths.rollout(id));
      this.#doubtful.delete(id);
    }
  }
}
