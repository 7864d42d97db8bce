// What the drivers of bucket services have in common when a blob is read: its stream, and parts that hold nothing.
import type { Readable } from "node:stream";
import { bodyPieces } from "./blob-body.ts";
import { replaced } from "./blob-failure.ts";
import type { BlobHead, GetOptions, OpenBlob } from "./blob-store.ts";

/** Where a stream comes from. */
interface StreamOrigin {
  /** Makes a `BlobFailure` of what the service's program throws. */
  readonly translate: (failure: unknown) => unknown;
  readonly signal: AbortSignal | undefined;
}

/** A blob whose bytes arrive by a stream, which is let go with it. */
export function streamedBlob<Head extends BlobHead>(
  head: Head,
  stream: Readable,
  body: AsyncIterable<Uint8Array>,
): OpenBlob<Head> {
  // Whoever iterates hears of it; whoever has let go does not want to.
  stream.on("error", () => undefined);
  return {
    head,
    body,
    [Symbol.asyncDispose]: async () => {
      stream.destroy();
    },
  };
}

/** The pieces of a stream. Fails with the signal's reason, or with what the failure is translated to. */
export async function* streamPieces(
  stream: Readable,
  { translate, signal }: StreamOrigin,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of stream) {
      signal?.throwIfAborted();
      yield piece as Uint8Array;
    }
  } catch (failure) {
    signal?.throwIfAborted();
    throw translate(failure);
  }
}

/** The answer to a question for a part that holds no byte, which no service can be asked for. */
export function emptyPart<Head extends BlobHead>(
  head: Head | undefined,
  key: string,
  { unlessTag, onlyTag }: GetOptions,
): OpenBlob<Head> | "unchanged" | undefined {
  if (head === undefined) return undefined;
  if (head.tag === unlessTag) return "unchanged";
  if (onlyTag !== undefined && head.tag !== onlyTag) throw replaced(key);
  const body = bodyPieces(new Uint8Array());
  return { head, body, [Symbol.asyncDispose]: () => Promise.resolve() };
}
