// Whether two things that can be read at a position hold the same bytes.

/** What is compared; see `StoredFile`. */
export interface ReadableBytes {
  readonly size: number;
  read(position: number, into: Uint8Array): Promise<number>;
}

const blockBytes = 256 * 1024;

/** Compares without holding more than a block of each in memory. */
export async function holdSameBytes(a: ReadableBytes, b: ReadableBytes): Promise<boolean> {
  if (a.size !== b.size) return false;
  const blockOfA = Buffer.allocUnsafe(Math.min(blockBytes, a.size));
  const blockOfB = Buffer.allocUnsafe(Math.min(blockBytes, b.size));
  for (let position = 0; position < a.size; ) {
    const [countA, countB] = await Promise.all([
      a.read(position, blockOfA),
      b.read(position, blockOfB),
    ]);
    // A count of zero is a file that has become shorter than it was when opened.
    if (countA !== countB || countA === 0) return false;
    if (!blockOfA.subarray(0, countA).equals(blockOfB.subarray(0, countB))) return false;
    position += countA;
  }
  return true;
}

/** Bytes in memory, to be compared. */
export function readableBytes(bytes: Uint8Array): ReadableBytes {
  return {
    size: bytes.length,
    read(position, into) {
      const part = bytes.subarray(position, position + into.length);
      into.set(part);
      return Promise.resolve(part.length);
    },
  };
}
