// What the agent decided and why, in sentences.
import type { Clock } from "../domain/clock.ts";

const mostDecisions = 50;
const longestDecision = 1_000;
/** Longer than the pauses between attempts: what is said again after it has happened anew. */
const quietMs = 120_000;

/** The newest decisions, each with its time. The same one again and again, with nothing in between, is one. */
export class Decisions {
  readonly #clock: Clock;
  readonly #told: (sentence: string) => void;
  #sentences: string[] = [];
  #last = "";
  #lastAtMs = Number.NEGATIVE_INFINITY;

  /** `told` is called with every decision. */
  constructor(clock: Clock, told: (sentence: string) => void) {
    this.#clock = clock;
    this.#told = told;
  }

  add(sentence: string): void {
    const text = sentence.slice(0, longestDecision);
    const nowMs = this.#clock.monotonicMs();
    const goesOn = text === this.#last && nowMs - this.#lastAtMs < quietMs;
    this.#lastAtMs = nowMs;
    if (goesOn) return;
    this.#last = text;
    const at = new Date(this.#clock.nowMs()).toISOString();
    this.#sentences = [...this.#sentences.slice(1 - mostDecisions), `${at} ${text}`];
    this.#told(text);
  }

  get newest(): readonly string[] {
    return this.#sentences;
  }
}
