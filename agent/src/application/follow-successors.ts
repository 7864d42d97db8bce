// The processes that a process starts in its own place: they are asked for by SIGUSR2, or appear unasked, and are found.
import { AgentFailure } from "../domain/agent-failure.ts";
import type { Clock } from "../domain/clock.ts";
import type { Launch } from "../domain/launch.ts";
import type { ProcessIdentity, Spawn } from "../domain/spawn.ts";

/** What finding them needs. */
export interface SuccessorParts {
  readonly spawn: Spawn;
  readonly clock: Clock;
  /** The numbers of all processes that are known: none of them is a new one. */
  known(): readonly number[];
}

const lookAgainMs = 10;

/** Successors of one launch; there are none where it has no `succession`. */
export class Successors {
  readonly #launch: Launch;
  readonly #parts: SuccessorParts;

  constructor(launch: Launch, parts: SuccessorParts) {
    this.#launch = launch;
    this.#parts = parts;
  }

  /** Sends SIGUSR2. Returns those that were there before and are not meant. Fails with `cannot_start`. */
  async ask(identity: ProcessIdentity, service: string): Promise<readonly ProcessIdentity[]> {
    const { spawn } = this.#parts;
    if (!(await spawn.catches(identity, "SIGUSR2"))) {
      throw new AgentFailure(
        "cannot_start",
        `process ${identity.pid} of ${service} does not catch SIGUSR2, and would be ended by it; take hand_off = "sigusr2" out of stoa.toml`,
      );
    }
    const others = await this.of(identity);
    await spawn.signalAlone(identity, "SIGUSR2");
    return others;
  }

  /** Those of a process, which may have ended, that nobody knows yet. */
  async of(identity: ProcessIdentity): Promise<readonly ProcessIdentity[]> {
    const { succession } = this.#launch;
    if (succession === undefined) return [];
    const known = this.#parts.known();
    const found = await this.#parts.spawn.successors(identity, succession.file);
    return found.filter(({ pid }) => !known.includes(pid));
  }

  /** Waits for one that is none of `but`. Undefined when the process has ended without one, or the signal has fired. */
  async next(
    before: ProcessIdentity,
    but: readonly ProcessIdentity[],
    signal: AbortSignal,
  ): Promise<ProcessIdentity | undefined> {
    const { spawn, clock } = this.#parts;
    while (!signal.aborted) {
      const wasAlive = await spawn.isAlive(before);
      const found = await this.of(before);
      const seen = found.find(({ pid }) => !but.some((other) => other.pid === pid));
      if (seen !== undefined || !wasAlive) return seen;
      await clock.sleep(lookAgainMs, signal);
    }
    return undefined;
  }
}
