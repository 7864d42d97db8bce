// Instances that work on one storage without agreeing who fetches a version are told so.
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import process from "node:process";
import type { Log } from "@stoa/telemetry";
import type { InstanceMarks } from "../domain/instance-marks.ts";

export interface InstanceWatchParts {
  readonly marks: InstanceMarks;
  /** Whether this instance takes itself for the only one. */
  readonly isAlone: boolean;
  readonly everyMs: number;
  readonly log: Pick<Log, "warn">;
}

/** After so many rounds without a change an instance does not count, and then its mark is removed. */
const silentRounds = 3;
const deadRounds = 20;

interface Seen {
  text: string;
  isAlive: boolean;
  unchanged: number;
}

/**
 * Writes a mark that is another one every time, and looks at those of the others: whose mark changes is alive. No clock is
 * compared, and what two instances have in common for a short while, such as during a restart, is no reason for a warning.
 */
export class InstanceWatch implements AsyncDisposable {
  readonly #parts: InstanceWatchParts;
  readonly #id = randomBytes(8).toString("hex");
  readonly #others = new Map<string, Seen>();
  readonly #timer: NodeJS.Timeout;
  #round: Promise<void> | undefined;
  #beat = 0;
  #hasWarned = false;

  constructor(parts: InstanceWatchParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => this.#begin(), parts.everyMs).unref();
    this.#begin();
  }

  /** How many other instances are at work. */
  get others(): number {
    return [...this.#others.values()].filter(({ isAlive }) => isAlive).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#round;
    await this.#parts.marks.remove(this.#id).catch(() => undefined); // somebody will
  }

  /** A storage that does not answer holds up one round, and no other is begun meanwhile. */
  #begin(): void {
    this.#round ??= this.#look()
      .catch(() => undefined) // who uses the storage says what is wrong with it
      .finally(() => {
        this.#round = undefined;
      });
  }

  async #look(): Promise<void> {
    const { marks } = this.#parts;
    this.#beat += 1;
    await marks.write(this.#id, `${hostname()}, process ${process.pid}; ${this.#beat}`);
    const now = await marks.read();
    for (const id of this.#others.keys()) if (!now.has(id)) this.#others.delete(id);
    for (const [id, text] of now) if (id !== this.#id) await this.#see(id, text);
  }

  async #see(id: string, text: string): Promise<void> {
    const seen = this.#others.get(id);
    if (seen === undefined) {
      this.#others.set(id, { text, isAlive: false, unchanged: 0 });
    } else if (seen.text !== text) {
      Object.assign(seen, { text, isAlive: true, unchanged: 0 });
      this.#warn(text);
    } else {
      seen.unchanged += 1;
      if (seen.unchanged >= silentRounds) seen.isAlive = false;
      if (seen.unchanged >= deadRounds) await this.#parts.marks.remove(id);
    }
  }

  #warn(text: string): void {
    if (!this.#parts.isAlone || this.#hasWarned) return;
    this.#hasWarned = true;
    const [who] = text.split(";");
    this.#parts.log.warn(
      `another instance (${who}) works on the same storage, but SingleFlightType memory says that this one is alone: both fetch every version; choose state, redis, redis-sentinel or etcd in all of them`,
    );
  }
}
