// Few large pieces out of many small chunks: each piece is one way to the disk and back.

/** How long what has been gathered waits for more. */
const patienceMs = 50;

/**
 * The same bytes in pieces of `pieceBytes`. The last one is shorter, and so is one that nothing was added to for a moment:
 * a slow source holds nobody up. A piece holds until the next one is asked for, for all lie in one buffer.
 */
export async function* gathered(
  chunks: AsyncIterable<Uint8Array>,
  pieceBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const source = chunks[Symbol.asyncIterator]();
  const piece = Buffer.allocUnsafeSlow(pieceBytes);
  let filled = 0;
  try {
    for (let next = source.next(); ; ) {
      const arrived = await (filled === 0 ? next : soon(next));
      if (arrived === undefined) {
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
        yield piece;
        filled = 0;
      }
      next = source.next();
    }
    if (filled > 0) yield piece.subarray(0, filled);
  } finally {
    // A generator answers only when what it was asked for before has come; waiting for that would help nobody.
    source.return?.().catch(() => undefined);
  }
}

/** What arrives within a moment; `undefined` if nothing does. */
async function soon<T>(arrival: Promise<T>): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), patienceMs);
  try {
    return await Promise.race([arrival, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
