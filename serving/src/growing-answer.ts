// Answers with a body that is still being produced.
import type { IncomingMessage, ServerResponse } from "node:http";
import { type RawHeaders, type Sent, sendBare, sendHead } from "./answer.ts";
import { BodyWriter } from "./body-writer.ts";

/** A body that is on its way. */
export interface GrowingContent {
  /** How many bytes it will have, if that is known. Content-Length is sent then, else the body goes out in chunks. */
  readonly size: number | undefined;
  readonly headers: RawHeaders;
  /** The next chunk is asked for when the one before has left, and its memory may be used again then. */
  readonly body: AsyncIterable<Uint8Array>;
}

/**
 * Answers GET with the body while it is being produced, and HEAD with the headers alone. Conditions and ranges are not
 * looked at.
 *
 * Rejects when the body fails before its first chunk: nothing has been sent then, and the caller still owes an answer.
 * When it fails later, or does not have the announced size, the connection is destroyed, so that the client sees a broken
 * transfer and never a clean end; `Sent.failure` then says why. When the client leaves, `return` is called on the
 * iterator at once, and whatever the body still does is nobody's concern.
 */
export async function sendGrowing(
  request: IncomingMessage,
  response: ServerResponse,
  content: GrowingContent,
): Promise<Sent> {
  const { size } = content;
  const head = size === undefined ? [] : ["Content-Length", String(size)];
  const headers = [...content.headers, ...head];
  const chunks = new Chunks(content.body);
  const body = new BodyWriter(response, () => chunks.stop());
  try {
    if (body.isClosed) return { status: 200, bytes: 0, completed: false };
    if (request.method === "HEAD") return sendBare(response, 200, headers);
    const completed = await sendChunks({ response, body, chunks, size, headers });
    return { status: 200, bytes: body.sentBytes, completed };
  } catch (failure) {
    if (body.isClosed) return { status: 200, bytes: body.sentBytes, completed: false };
    if (!response.headersSent) throw failure;
    breakOff(request, response);
    return { status: 200, bytes: body.sentBytes, completed: false, failure };
  } finally {
    chunks.stop();
  }
}

/** One answer on its way. */
interface Transfer {
  readonly response: ServerResponse;
  readonly body: BodyWriter;
  readonly chunks: Chunks;
  readonly size: number | undefined;
  readonly headers: RawHeaders;
}

/** The head waits for the first chunk, which may fail to come. */
async function sendChunks(transfer: Transfer): Promise<boolean> {
  const { response, body, chunks, size, headers } = transfer;
  let chunk = await chunks.next();
  sendHead(response, 200, headers);
  while (chunk !== undefined) {
    if (size !== undefined && body.sentBytes + chunk.length > size) {
      throw new Error(`the body has more than the ${size} bytes that were announced`);
    }
    if (!(await body.write(chunk))) return false;
    chunk = await chunks.next();
  }
  if (size !== undefined && body.sentBytes < size) {
    throw new Error(`the body ended after ${body.sentBytes} of ${size} bytes`);
  }
  return body.end();
}

/** Chunks one by one, and a way to say, once and at any time, that no more are wanted. */
class Chunks {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #isOver: boolean = false;

  constructor(body: AsyncIterable<Uint8Array>) {
    this.#iterator = body[Symbol.asyncIterator]();
  }

  async next(): Promise<Uint8Array | undefined> {
    try {
      const { done, value } = await this.#iterator.next();
      if (done === true) this.#isOver = true;
      return done === true ? undefined : value;
    } catch (failure) {
      this.#isOver = true;
      throw failure;
    }
  }

  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // A generator answers `return` only after its pending `next`; waiting for that would help nobody.
    this.#iterator.return?.().catch(() => {});
  }
}

/** A body without a stated end, as HTTP/1.0 knows it, ends where the connection ends: only a reset tells it from broken. */
function breakOff(request: IncomingMessage, response: ServerResponse): void {
  if (request.httpVersion === "1.0") response.socket?.resetAndDestroy();
  response.destroy();
}
