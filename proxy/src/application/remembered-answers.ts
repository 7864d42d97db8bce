// Answers that may change (lists, latest, revisions), remembered for a while.
import { ProxyFailure } from "../domain/proxy-failure.ts";
import { Once } from "./once.ts";
import type { Aged, FleetAnswers } from "./share-answers.ts";

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

/** What all instances do together. */
export type Fleet<T> = Pick<FleetAnswers<T>, "known" | "ask" | "refresh" | "forgetQueries">;

/** How often what is shared is read again because it changed in just that moment. */
const mostReadings = 3;

/**
 * Remembers what `ask` answered, per key. A fresh answer is given out at once; an older one only if no newer one can be
 * had in time, and then as stale. Of failures only `not_found` is remembered. One `ask` per key runs at a time, in this
 * instance or, with a fleet, in all of them.
 */
export class RememberedAnswers<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #asking = new Once<Aged<T>>();
  readonly #reading = new Once<void>();
  readonly #fleet: Fleet<T>;
  readonly #lifetimes: Lifetimes;
  readonly #capacity: Capacity;
  readonly #sizeOf: (value: T) => number;
  readonly #now: () => number;
  #bytes = 0;
  /** Grows when answers expire before their time. */
  #expirations = 0;

  constructor(options: {
    readonly lifetimes: Lifetimes;
    readonly capacity: Capacity;
    /** Roughly how many bytes a value holds on to. */
    readonly sizeOf: (value: T) => number;
    /** Milliseconds of a clock that never goes back. */
    readonly now: () => number;
    /** All instances that remember the same answers; without it this one is alone. */
    readonly fleet?: Fleet<T> | undefined;
  }) {
    this.#lifetimes = options.lifetimes;
    this.#capacity = options.capacity;
    this.#sizeOf = options.sizeOf;
    this.#now = options.now;
    this.#fleet = options.fleet ?? alone();
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
    let entry = this.#touch(key);
    if (entry !== undefined && this.#now() < entry.freshUntilMs) return this.#given(entry, false);
    await this.#reading.run(key, signal, () => this.#takeOver(key));
    entry = this.#touch(key);
    if (entry !== undefined && this.#now() < entry.freshUntilMs) return this.#given(entry, false);
    const asked = this.#asking.run(key, signal, (shared, keepGoing) => {
      // A refresh is worth finishing: an older answer was given out because it took too long.
      if (entry !== undefined) keepGoing();
      return this.#ask(key, () => this.#fleet.ask(key, this.#lifetimes.freshMs, shared, ask));
    });
    if (entry === undefined || "absence" in entry.answer) {
      return { ...(await asked), stale: false, asked: true };
    }
    return this.#freshOrStale(entry, asked, signal);
  }

  /**
   * Asks now, whatever is remembered, and remembers the answer; one to a question that was put earlier does not take its
   * place. If nobody answers, what was remembered stays. With a fleet all instances know the answer when this resolves.
   * Rejects with what `ask` rejects with, and with `store_unavailable` if the fleet cannot be told.
   */
  async refresh(
    key: string,
    signal: AbortSignal,
    ask: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return (await this.#ask(key, () => this.#fleet.refresh(key, signal, ask))).value;
  }

  /** As `refresh`, unless an instance has asked in the second half of an answer's lifetime: then that answer is remembered. */
  async renew(
    key: string,
    signal: AbortSignal,
    ask: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const youngerMs = this.#lifetimes.freshMs / 2;
    return (await this.#ask(key, () => this.#fleet.ask(key, youngerMs, signal, ask))).value;
  }

  /** Forgets the answers to all queries of a module: the next request for one of them asks, in whichever instance. */
  async forgetQueries(path: string): Promise<void> {
    for (const key of this.#entries.keys()) if (key.startsWith(`${path}@`)) this.#remove(key);
    await this.#fleet.forgetQueries(path);
  }

  /** Looks again before an answer is given out, but keeps it for when nobody answers. Without a key this means all answers. */
  expire(key?: string): void {
    this.#expirations += 1;
    for (const entry of key === undefined ? this.#entries.values() : [this.#entries.get(key)]) {
      if (entry !== undefined) entry.freshUntilMs = 0;
    }
  }

  /** Takes over what another instance was answered, if that is news here. */
  async #takeOver(key: string): Promise<void> {
    for (let readings = 0; readings < mostReadings; readings++) {
      const before = this.#expirations;
      const startedMs = this.#now();
      const known = await this.#fleet.known(key);
      if (known === undefined) return;
      if (before !== this.#expirations) continue; // it may be what has just expired
      const isFresh = known.ageMs < this.#lifetimes.freshMs;
      const askedMs = startedMs - known.ageMs;
      const own = this.#entries.get(key);
      if (own !== undefined && !isFresh && own.askedMs >= askedMs) return;
      this.#remove(key);
      this.#rememberValue(key, known, askedMs, true);
      return;
    }
  }

  async #ask(key: string, ask: () => Promise<Aged<T>>): Promise<Aged<T>> {
    const startedMs = this.#now();
    const before = this.#expirations;
    try {
      const aged = await ask();
      const askedMs = aged.ageMs === 0 ? startedMs : this.#now() - aged.ageMs;
      this.#rememberValue(key, aged, askedMs, before === this.#expirations);
      return aged;
    } catch (failure) {
      if (failure instanceof ProxyFailure && failure.code === "not_found") {
        const answered = { answer: { absence: failure }, askedMs: startedMs, bornMs: this.#now() };
        const freshMs = before === this.#expirations ? this.#lifetimes.absentMs : 0;
        this.#remember(key, answered, failure.message.length, freshMs);
      }
      throw failure;
    }
  }

  /** What was not settled when it came is looked at again before it is given out once more. */
  #rememberValue(key: string, { value, ageMs }: Aged<T>, askedMs: number, settled: boolean): void {
    const answered = { answer: { value }, askedMs, bornMs: this.#now() - ageMs };
    this.#remember(key, answered, this.#sizeOf(value), settled ? this.#lifetimes.freshMs : 0);
  }

  async #freshOrStale(
    entry: Entry<T>,
    asked: Promise<Aged<T>>,
    signal: AbortSignal,
  ): Promise<Remembered<T>> {
    const patience = timer(this.#lifetimes.patienceMs);
    try {
      const first = await Promise.race([asked, patience.rung]);
      if (first !== undefined) return { ...first, stale: false, asked: true };
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
    answered: Pick<Entry<T>, "answer" | "askedMs" | "bornMs">,
    answerBytes: number,
    freshMs: number,
  ): void {
    const old = this.#entries.get(key);
    if (old !== undefined && old.askedMs > answered.askedMs) return;
    this.#remove(key);
    const sizeBytes = answerBytes + 2 * key.length + 200;
    if (sizeBytes > this.#capacity.bytes) return;
    const freshUntilMs = freshMs === 0 ? 0 : answered.bornMs + freshMs;
    this.#entries.set(key, { ...answered, sizeBytes, freshUntilMs });
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

/** The fleet of one instance. */
function alone<T>(): Fleet<T> {
  return {
    known: () => Promise.resolve(undefined),
    ask: async (_key, _youngerMs, signal, ask) => ({ value: await ask(signal), ageMs: 0 }),
    refresh: async (_key, signal, ask) => ({ value: await ask(signal), ageMs: 0 }),
    forgetQueries: () => Promise.resolve(),
  };
}
