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
  const pieceBytes = piece.length;
  let filled = 0;
  let patience: Patience | undefined;
  try {
    for (let next = source.next(); ; ) {
      if (filled > 0) patience ??= new Patience();
      const arrived = await (patience === undefined ? next : Promise.race([next, patience.end]));
      if (arrived === undefined) {
        patience = undefined;
        yield piece.subarray(0, filled);
        filled = 0;
        continue;
      }
      if (arrived.done === true) break;
      const chunk = arrived.value;
      for (let taken = 0; taken < chunk.length; ) {
        const part = chunk.subarray(taken, taken + pieceBytes - filled);
        piece.set(part, filled);
        taken += part.length;
        filled += part.length;
        if (filled < pieceBytes) break;
        patience?.stop();
        patience = undefined;
        yield piece;
        filled = 0;
      }
      next = source.next();
    }
    if (filled > 0) yield piece.subarray(0, filled);
  } finally {
    patience?.stop();
    // A generator answers only when what it was asked for before has come; waiting for that would help nobody.
    source.return?.().catch(() => undefined);
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
