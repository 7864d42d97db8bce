// What the agent decided and why, in sentences.
import type { Clock } from "../domain/clock.ts";

const mostDecisions = 50;
const longestDecision = 1_000;

/** The newest decisions, each with its time. The same one again, one after the other, is not repeated. */
export class Decisions {
  readonly #clock: Clock;
  readonly #told: (sentence: string) => void;
  #sentences: string[] = [];
  #last = "";

  /** `told` is called with every decision. */
  constructor(clock: Clock, told: (sentence: string) => void) {
    this.#clock = clock;
    this.#told = told;
  }

  add(sentence: string): void {
    const text = sentence.slice(0, longestDecision);
    if (text === this.#last) return;
    this.#last = text;
    const at = new Date(this.#clock.nowMs()).toISOString();
    this.#sentences = [...this.#sentences.slice(1 - mostDecisions), `${at} ${text}`];
    this.#told(text);
  }

  get newest(): readonly string[] {
    return this.#sentences;
  }
}
