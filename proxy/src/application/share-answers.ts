// Asking an upstream once for all instances: what one of them was answered is fresh for the others.
import { setTimeout as pause } from "node:timers/promises";
import type { Leases } from "../domain/leases.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import type { AnswerName, SharedAnswers, SharedReading } from "../domain/shared-answers.ts";

/** A value, and how long ago its question was put. */
export interface Aged<T> {
  readonly value: T;
  readonly ageMs: number;
}

export interface FleetAnswerParts<T> {
  readonly shared: SharedAnswers;
  /** By which the instances agree who asks. */
  readonly leases: Leases;
  /** What is asked, and of whom: only who would ask the same ones may share. */
  readonly kind: string;
  readonly write: (value: T) => string;
  /** Throws if the text is none of `write`. */
  readonly read: (text: string) => T;
}

/** What a turn comes to: somebody else has the answer, or it is for this instance to ask. */
type Turn<T> =
  | { readonly known: Aged<T> }
  | { readonly lease: AsyncDisposable | undefined; readonly askedMs: number };

type Asking<T> = (signal: AbortSignal) => Promise<T>;

/** How long another instance is waited for that is asking. It may be waiting for an upstream that never answers. */
const turnMs = 10_000;
const firstPauseMs = 25;
const longestPauseMs = 500;

/** Answers of one kind. Where what is shared cannot be reached this instance is on its own. */
export class FleetAnswers<T> {
  readonly #parts: FleetAnswerParts<T>;

  constructor(parts: FleetAnswerParts<T>) {
    this.#parts = parts;
  }

  /** What an instance was answered last; `undefined` if there is nothing, or nobody can say. */
  async known(key: string): Promise<Aged<T> | undefined> {
    const reading = await this.#parts.shared.read(this.#name(key)).catch(() => undefined);
    return reading && this.#valueOf(reading);
  }

  /**
   * The answer that an instance got to a question less than `youngerMs` ago; if there is none, asks, one instance at a time.
   * Rejects with what `ask` rejects with.
   */
  async ask(key: string, youngerMs: number, signal: AbortSignal, ask: Asking<T>): Promise<Aged<T>> {
    const turn = await this.#turn(key, youngerMs, signal);
    if (turn === undefined) return { value: await ask(signal), ageMs: 0 };
    if ("known" in turn) return turn.known;
    await using _lease = turn.lease;
    return (await this.#answered(key, turn.askedMs, signal, ask)).answer;
  }

  /** Asks now. When it resolves all instances know the answer. Rejects with what `ask` rejects with, and with `store_unavailable`. */
  async refresh(key: string, signal: AbortSignal, ask: Asking<T>): Promise<Aged<T>> {
    const { nowMs } = await this.#parts.shared.read(this.#name(key));
    const { answer, untold } = await this.#answered(key, nowMs, signal, ask);
    if (untold !== undefined) throw untold;
    return answer;
  }

  /** Forgets what is known about the queries of a module. Rejects with `store_unavailable`. */
  async forgetQueries(path: string): Promise<void> {
    await this.#parts.shared.forgetQueries(this.#parts.kind, path);
  }

  /**
   *     young enough? ─ yes → known
   *       │ no
   *     lease free? ─ yes → young enough meanwhile? ─ no → the lease
   *       │ no                      └ yes → known
   *     waited too long? ─ yes → without a lease
   *       │ no
   *     pause, and again
   *
   * Undefined if what is shared cannot be reached.
   */
  async #turn(key: string, youngerMs: number, signal: AbortSignal): Promise<Turn<T> | undefined> {
    const deadlineMs = performance.now() + turnMs;
    let lease: AsyncDisposable | undefined;
    for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(longestPauseMs, pauseMs * 1.5)) {
      const reading = await this.#parts.shared.read(this.#name(key)).catch(() => undefined);
      const known = reading && this.#valueOf(reading);
      const isKnown = known !== undefined && known.ageMs < youngerMs;
      if (reading === undefined || isKnown || signal.aborted) {
        await lease?.[Symbol.asyncDispose]();
        signal.throwIfAborted();
        return isKnown ? { known } : undefined;
      }
      if (lease !== undefined || performance.now() > deadlineMs) {
        return { lease, askedMs: reading.nowMs };
      }
      lease = await this.#lease(key);
      if (lease !== undefined) continue;
      const restMs = pauseMs * (0.75 + Math.random() / 2);
      await pause(restMs, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Asks, and keeps the answer; if a later one is there already, that is the answer. */
  async #answered(
    key: string,
    askedMs: number,
    signal: AbortSignal,
    ask: Asking<T>,
  ): Promise<{ readonly answer: Aged<T>; readonly untold: unknown }> {
    const { shared } = this.#parts;
    const name = this.#name(key);
    const own = {
      value: await ask(signal).catch((failure: unknown) => this.#absent(failure, name, askedMs)),
      ageMs: 0,
    };
    try {
      const isLatest = await shared.write(name, this.#parts.write(own.value), askedMs);
      const later = isLatest ? undefined : this.#valueOf(await shared.read(name));
      return { answer: later ?? own, untold: undefined };
    } catch (failure) {
      return { answer: own, untold: failure };
    }
  }

  /** What does not exist is no answer that others should give out when no upstream can be asked. */
  async #absent(failure: unknown, name: AnswerName, askedMs: number): Promise<never> {
    if (failure instanceof ProxyFailure && failure.code === "not_found") {
      await this.#parts.shared.write(name, undefined, askedMs).catch(() => undefined);
    }
    throw failure;
  }

  #valueOf({ nowMs, answer }: SharedReading): Aged<T> | undefined {
    if (answer === undefined) return undefined;
    try {
      return {
        value: this.#parts.read(answer.text),
        ageMs: Math.max(0, nowMs - answer.askedMs),
      };
    } catch {
      return undefined; // another Stoa may write otherwise
    }
  }

  #lease(key: string): Promise<AsyncDisposable | undefined> {
    return this.#parts.leases.take(`${this.#parts.kind} ${key}`).catch(() => undefined);
  }

  #name(key: string): AnswerName {
    return { kind: this.#parts.kind, key };
  }
}
