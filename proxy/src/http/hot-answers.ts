// Answers to URLs that were asked for before, ready to be sent: the shortest way from a request to its answer.
import type { Freshness } from "./answer.ts";

/** An answer in memory. `T` is what can be sent without further thought. */
export interface HotAnswer<T> {
  readonly sendable: T;
  /** True if it never changes; such an answer holds also for requests that forbid asking an upstream. */
  readonly immutable: boolean;
}

interface Entry<T> {
  answer: HotAnswer<T>;
  readonly make: (ageMs: number | undefined) => T;
  readonly bornMs: number;
  readonly ageMs: number | undefined;
  readonly untilMs: number;
  /** When it was made: an answer that may change is forgotten when another generation begins. */
  readonly generation: number;
  readonly sizeBytes: number;
  madeAtSecond: number;
  /** Asked for since it last came up for removal. */
  used: boolean;
}

/**
 * Remembers small answers by the request target they answer. Bounded by bytes: when room is needed they come up for
 * removal in order of arrival, and those asked for in the meantime are spared once (the CLOCK rule, which costs a hit
 * nothing but setting a flag).
 */
export class HotAnswers<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #capacityBytes: number;
  readonly #now: () => number;
  #bytes = 0;
  #generation = 0;

  constructor(options: { readonly capacityBytes: number; readonly now: () => number }) {
    this.#capacityBytes = options.capacityBytes;
    this.#now = options.now;
  }

  /** The bytes held on to. */
  get sizeBytes(): number {
    return this.#bytes;
  }

  /** Changes when something is forgotten: an answer that was begun before must not be remembered any more. */
  get generation(): number {
    return this.#generation;
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
    this.#generation += 1;
  }

  /** Forgets the answers that may change. */
  expire(): void {
    this.#generation += 1;
  }

  /** The answer to a target, if there is one that still holds. */
  get(target: string): HotAnswer<T> | undefined {
    const entry = this.#entries.get(target);
    if (entry === undefined) return undefined;
    entry.used = true;
    if (entry.answer.immutable) return entry.answer;
    const now = this.#now();
    if (now >= entry.untilMs || entry.generation !== this.#generation) {
      this.#remove(target, entry);
      return undefined;
    }
    // An answer that ages says how old it is, in whole seconds.
    const second = Math.floor((now - entry.bornMs + (entry.ageMs ?? 0)) / 1000);
    if (second !== entry.madeAtSecond) {
      entry.madeAtSecond = second;
      entry.answer = { ...entry.answer, sendable: entry.make(second * 1000) };
    }
    return entry.answer;
  }

  /** Remembers an answer for as long as `freshness` allows. `make` builds it for an age. */
  set(
    target: string,
    answer: {
      readonly make: (ageMs: number | undefined) => T;
      readonly freshness: Freshness;
      readonly sizeBytes: number;
    },
  ): void {
    const { freshness, make } = answer;
    const sizeBytes = answer.sizeBytes + 2 * target.length + 800;
    if (freshness.reusableForMs <= 0 || sizeBytes > this.#capacityBytes / 8) return;
    const old = this.#entries.get(target);
    if (old !== undefined) this.#remove(target, old);
    const bornMs = this.#now();
    this.#entries.set(target, {
      answer: {
        sendable: make(freshness.ageMs),
        immutable: freshness.reusableForMs === Number.POSITIVE_INFINITY,
      },
      make,
      bornMs,
      ageMs: freshness.ageMs,
      untilMs: bornMs + freshness.reusableForMs,
      generation: this.#generation,
      sizeBytes,
      madeAtSecond: Math.floor((freshness.ageMs ?? 0) / 1000),
      used: false,
    });
    this.#bytes += sizeBytes;
    this.#makeRoom();
  }

  #makeRoom(): void {
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#capacityBytes) return;
      if (entry.used) {
        entry.used = false;
        this.#entries.delete(oldest);
        this.#entries.set(oldest, entry);
      } else {
        this.#remove(oldest, entry);
      }
    }
  }

  #remove(target: string, entry: Entry<T>): void {
    this.#entries.delete(target);
    this.#bytes -= entry.sizeBytes;
  }
}
