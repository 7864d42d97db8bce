// Few large pieces out of many small chunks: each piece is one way to the disk and back.

/** How long what has been gathered waits for more. */
const patienceMs = 50;

/**
 * The same bytes in pieces as long as `piece`, in which all of them lie: each holds until the next one is asked for. The last
 * one is shorter, and so is one that has waited for a moment: a slow source holds nobody up.
 */
export async function* gathered(
  chunks: AsyncIterable<Uint8Array>,
  piece: Uint8Array,
): AsyncGenerator<Uint8Array, void, undefined> {
  const source = chunks[Symbol.asyncIterator]();
  const gathering = new Gathering(piece);
  try {
    for (let next = source.next(); ; ) {
      const arrived = await gathering.awaits(next);
      if (arrived === undefined) {
        yield gathering.end();
        continue;
      }
      if (arrived.done === true) break;
      const chunk = arrived.value;
      for (let taken = 0; taken < chunk.length; ) {
        taken += gathering.take(chunk, taken);
        if (gathering.isFull) yield gathering.end();
      }
      next = source.next();
    }
    if (!gathering.isEmpty) yield gathering.end();
  } finally {
    gathering.stop();
    // A generator answers only when what it was asked for before has come; waiting for that would help nobody.
    source.return?.().catch(() => undefined);
  }
}

/** One piece after the other, in the same bytes. */
class Gathering {
  readonly #piece: Uint8Array;
  #filled = 0;
  #patience: Patience | undefined;

  constructor(piece: Uint8Array) {
    this.#piece = piece;
  }

  get isEmpty(): boolean {
    return this.#filled === 0;
  }

  get isFull(): boolean {
    return this.#filled === this.#piece.length;
  }

  /** What comes next; `undefined` when what has been gathered has waited for it long enough. */
  awaits<T>(next: Promise<T>): Promise<T | undefined> {
    if (this.isEmpty) return next;
    this.#patience ??= new Patience();
    return Promise.race([next, this.#patience.end]);
  }

  /** Takes of a chunk, from `start` on, what there is room for; says how many bytes. */
  take(chunk: Uint8Array, start: number): number {
    const part = chunk.subarray(start, start + this.#piece.length - this.#filled);
    this.#piece.set(part, this.#filled);
    this.#filled += part.length;
    return part.length;
  }

  /** What has been gathered; the next piece begins. */
  end(): Uint8Array {
    const gathered = this.isFull ? this.#piece : this.#piece.subarray(0, this.#filled);
    this.stop();
    this.#patience = undefined;
    this.#filled = 0;
    return gathered;
  }

  stop(): void {
    this.#patience?.stop();
  }
}

/** How long a piece that is not full has been waiting: one clock for each piece, not for each chunk. */
class Patience {
  readonly #end = Promise.withResolvers<undefined>();
  readonly #timer = setTimeout(() => this.#end.resolve(undefined), patienceMs);

  get end(): Promise<undefined> {
    return this.#end.promise;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
