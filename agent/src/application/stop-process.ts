// How a process is stopped: it is asked to end by its signal, and killed when its time is over.
import type { Clock } from "../domain/clock.ts";
import type { Launch } from "../domain/launch.ts";
import type { ProcessIdentity, Spawn } from "../domain/spawn.ts";

/** Stops the processes of one launch. */
export class ProcessStop {
  readonly #launch: Launch;
  readonly #parts: { readonly spawn: Spawn; readonly clock: Clock };
  #timer: AbortController | undefined;

  constructor(launch: Launch, parts: { readonly spawn: Spawn; readonly clock: Clock }) {
    this.#launch = launch;
    this.#parts = parts;
  }

  /** Asks it to end. */
  ask(identity: ProcessIdentity): void {
    this.#signal(identity, this.#launch.stopSignal);
  }

  /** Kills it after a while, which takes the place of the one before. `overdue` is called when it comes to that. */
  killAfter(graceMs: number, identity: ProcessIdentity, overdue: () => void): void {
    this.#timer?.abort();
    const timer = new AbortController();
    this.#timer = timer;
    void this.#parts.clock.sleep(graceMs, timer.signal).then(() => {
      if (timer.signal.aborted) return;
      overdue();
      this.#signal(identity, "SIGKILL");
    });
  }

  /** It has ended: nothing is killed any more. */
  ended(): void {
    this.#timer?.abort();
  }

  /** A group may hold a process that takes the place of this one. */
  #signal(identity: ProcessIdentity, signal: NodeJS.Signals): void {
    const { spawn } = this.#parts;
    if (this.#launch.succession === undefined) void spawn.signal(identity, signal);
    else void spawn.signalAlone(identity, signal);
  }
}
