// Answers that may change (lists, latest, revisions), remembered for a while.
import { ProxyFailure } from "../domain/proxy-failure.ts";
import { Once } from "./once.ts";

/** How long answers are remembered; all in milliseconds. */
export interface Lifetimes {
  /** How long an answer is given out without asking again. */
  readonly freshMs: number;
  /** How long a genuine absence is. */
  readonly absentMs: number;
  /** How long a caller waits for a fresh answer when an older one could be given instead. */
  readonly patienceMs: number;
  /** How long after a failed refresh the older answer is given out without another attempt. */
  readonly retryMs: number;
}

/** How much is remembered at most; what was used longest ago goes first. */
export interface Capacity {
  readonly entries: number;
  readonly bytes: number;
}

/** An answer and how old it is. */
export interface Remembered<T> {
  readonly value: T;
  readonly ageMs: number;
  /** True if the answer is past its lifetime and a fresh one could not be had. */
  readonly stale: boolean;
  /** True if the upstream was asked for this very request. */
  readonly asked: boolean;
}

interface Entry<T> {
  readonly answer: { readonly value: T } | { readonly absence: ProxyFailure };
  readonly bornMs: number;
  /** When the question was put that it answers. */
  readonly askedMs: number;
  readonly sizeBytes: number;
  /** Until when it is given out without asking. */
  freshUntilMs: number;
}

/**
 * Remembers what `ask` answered, per key. A fresh answer is given out at once; an older one only if no newer one can be
 * had in time, and then as stale. Of failures only `not_found` is remembered. One `ask` per key runs at a time.
 */
export class RememberedAnswers<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #asking = new Once<T>();
  readonly #lifetimes: Lifetimes;
  readonly #capacity: Capacity;
  readonly #sizeOf: (value: T) => number;
  readonly #now: () => number;
  #bytes = 0;

  constructor(options: {
    readonly lifetimes: Lifetimes;
    readonly capacity: Capacity;
    /** Roughly how many bytes a value holds on to. */
    readonly sizeOf: (value: T) => number;
    /** Milliseconds of a clock that never goes back. */
    readonly now: () => number;
  }) {
    this.#lifetimes = options.lifetimes;
    this.#capacity = options.capacity;
    this.#sizeOf = options.sizeOf;
    this.#now = options.now;
  }

  /** The bytes held on to, by `sizeOf`. */
  get sizeBytes(): number {
    return this.#bytes;
  }

  /** The answer for `key`, remembered or asked for. Rejects with what `ask` rejects with, or the signal's reason. */
  async get(
    key: string,
    signal: AbortSignal,
    ask: (signal: AbortSignal) => Promise<T>,
  ): Promise<Remembered<T>> {
    const entry = this.#touch(key);
    if (entry !== undefined && this.#now() < entry.freshUntilMs) return this.#given(entry, false);
    const asked = this.#asking.run(key, signal, (shared, keepGoing) => {
      // A refresh is worth finishing: an older answer was given out because it took too long.
      if (entry !== undefined) keepGoing();
      return this.#ask(key, shared, ask);
    });
    if (entry === undefined || "absence" in entry.answer) {
      return { value: await asked, ageMs: 0, stale: false, asked: true };
    }
    return this.#freshOrStale(entry, asked, signal);
  }

  /**
   * Asks now, whatever is remembered, and remembers the answer; one to a question that was put earlier does not take its
   * place. If nobody answers, what was remembered stays. Rejects with what `ask` rejects with.
   */
  refresh(key: string, signal: AbortSignal, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#ask(key, signal, ask);
  }

  /** Forgets the answers whose key begins so: the next request for one of them asks. */
  forgetBeginning(beginning: string): void {
    for (const key of this.#entries.keys()) if (key.startsWith(beginning)) this.#remove(key);
  }

  async #ask(
    key: string,
    signal: AbortSignal,
    ask: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const askedMs = this.#now();
    try {
      const value = await ask(signal);
      const answer = { answer: { value }, askedMs };
      this.#remember(key, answer, this.#sizeOf(value), this.#lifetimes.freshMs);
      return value;
    } catch (failure) {
      if (failure instanceof ProxyFailure && failure.code === "not_found") {
        const answer = { answer: { absence: failure }, askedMs };
        this.#remember(key, answer, failure.message.length, this.#lifetimes.absentMs);
      }
      throw failure;
    }
  }

  async #freshOrStale(
    entry: Entry<T>,
    asked: Promise<T>,
    signal: AbortSignal,
  ): Promise<Remembered<T>> {
    const patience = timer(this.#lifetimes.patienceMs);
    try {
      const first = await Promise.race([asked.then((value) => ({ value })), patience.rung]);
      if (first !== undefined) return { value: first.value, ageMs: 0, stale: false, asked: true };
    } catch (failure) {
      if (signal.aborted) throw failure;
      if (failure instanceof ProxyFailure && failure.code === "not_found") throw failure;
    } finally {
      patience.stop();
    }
    asked.catch(() => undefined);
    entry.freshUntilMs = this.#now() + this.#lifetimes.retryMs;
    return this.#given(entry, true);
  }

  #given(entry: Entry<T>, asked: boolean): Remembered<T> {
    if ("absence" in entry.answer) throw entry.answer.absence;
    const ageMs = this.#now() - entry.bornMs;
    return { value: entry.answer.value, ageMs, stale: ageMs >= this.#lifetimes.freshMs, asked };
  }

  #touch(key: string): Entry<T> | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  #remember(
    key: string,
    answered: Pick<Entry<T>, "answer" | "askedMs">,
    answerBytes: number,
    freshMs: number,
  ): void {
    if ((this.#entries.get(key)?.askedMs ?? 0) > answered.askedMs) return;
    this.#remove(key);
    const sizeBytes = answerBytes + 2 * key.length + 200;
    if (sizeBytes > this.#capacity.bytes) return;
    const bornMs = this.#now();
    this.#entries.set(key, { ...answered, bornMs, sizeBytes, freshUntilMs: bornMs + freshMs });
    this.#bytes += sizeBytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#capacity.bytes && this.#entries.size <= this.#capacity.entries)
        break;
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= entry.sizeBytes;
  }
}

function timer(ms: number): { readonly rung: Promise<undefined>; stop(): void } {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timeout = setTimeout(resolve, ms, undefined);
  return { rung: promise, stop: () => clearTimeout(timeout) };
}
