// The lists that are asked for most are renewed before they expire, so that nobody waits for them.
import { setTimeout } from "node:timers/promises";
import type { ModulePath } from "@stoa/gomod";

export interface FreshListParts {
  /** The hottest modules, the hottest first. */
  readonly hottest: () => readonly ModulePath[];
  /** Asks for a list now, if the policy lets it be asked for. Its failure is nobody's: the old list still holds. */
  readonly refresh: (path: ModulePath, signal: AbortSignal) => Promise<void>;
  /** How long a list is given out. */
  readonly freshMs: number;
}

/** A round begins when this part of a list's life is over, and its questions are spread over that part. */
const roundAt = 0.7;
const spread = 0.2;

/** Refreshes round by round until it is disposed of. */
export class FreshLists implements AsyncDisposable {
  readonly #parts: FreshListParts;
  readonly #ending = new AbortController();
  readonly #rounds: Promise<void>;

  constructor(parts: FreshListParts) {
    this.#parts = parts;
    this.#rounds = this.#run().catch(() => undefined); // it ends by being broken off
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort(new Error("the server stops"));
    await this.#rounds;
  }

  async #run(): Promise<void> {
    const { freshMs, hottest } = this.#parts;
    for (;;) {
      const paths = hottest();
      const gapMs = (freshMs * spread) / Math.max(1, paths.length);
      const asked = paths.map((path, index) => this.#refresh(path, index * gapMs));
      await Promise.all([this.#pause(freshMs * roundAt), ...asked]);
    }
  }

  async #refresh(path: ModulePath, delayMs: number): Promise<void> {
    await this.#pause(delayMs);
    await this.#parts.refresh(path, this.#ending.signal).catch(() => undefined);
  }

  #pause(ms: number): Promise<void> {
    return setTimeout(ms, undefined, { signal: this.#ending.signal, ref: false });
  }
}
