// Answers with a file that is read while it is sent, whatever its size.
import type { IncomingMessage, ServerResponse } from "node:http";
import { type RawHeaders, type Sent, sendBare, sendHead } from "./answer.ts";
import { BodyWriter } from "./body-writer.ts";
import { buffers } from "./buffer-pool.ts";
import { decideAnswer, type Validators } from "./conditions.ts";
import { type Piece, sendWithoutFile, toPiece, validatorHeaders } from "./file-head.ts";

/** An open file. Its bytes never change while it is open. */
export interface FileContent extends Validators {
  readonly size: number;
  /** Fills `into` from `position` and returns how many bytes it put there; 0 only if the file ends there. */
  read(position: number, into: Uint8Array): Promise<number>;
  close(): Promise<void>;
}

/**
 * Answers GET and HEAD with a file, conditions and ranges as RFC 9110 has them (see `decideAnswer`). Adds ETag,
 * Last-Modified, Accept-Ranges and Content-Length to `headers`.
 *
 * The memory it needs does not depend on the size, and reading stops when the client leaves. `content` is closed once,
 * in any case. Rejects when the very first read fails: nothing has been sent then, and the caller still owes an answer.
 * When a later read fails, or the file ends too early, the connection is destroyed, so that the client sees a broken
 * transfer and never a shorter file; `Sent.failure` then says why.
 */
export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  content: FileContent,
  headers: RawHeaders,
): Promise<Sent> {
  try {
    const { method = "GET" } = request;
    const verdict = decideAnswer(method, request.headers, content, content.size);
    if (response.destroyed) return { status: verdict.status, bytes: 0, completed: false };
    const all = [...headers, ...validatorHeaders(content)];
    if (verdict.status !== 200 && verdict.status !== 206) {
      return sendWithoutFile(response, verdict.status, content.size, all);
    }
    const piece = toPiece(verdict, content.size, all);
    if (method === "HEAD" || piece.size === 0) {
      return sendBare(response, piece.status, piece.headers);
    }
    return await sendPiece(response, content, piece);
  } finally {
    await closeQuietly(content);
  }
}

/** One answer on its way. */
interface Transfer {
  readonly response: ServerResponse;
  readonly body: BodyWriter;
  readonly content: FileContent;
  readonly piece: Piece;
}

async function sendPiece(
  response: ServerResponse,
  content: FileContent,
  piece: Piece,
): Promise<Sent> {
  const { status } = piece;
  const body = new BodyWriter(response);
  try {
    let position = piece.first;
    while (position <= piece.last && !body.isClosed) {
      position += await sendChunk({ response, body, content, piece }, position);
    }
  } catch (failure) {
    if (!response.headersSent) throw failure;
    response.destroy();
    return { status, bytes: body.sentBytes, completed: false, failure };
  }
  return { status, bytes: body.sentBytes, completed: body.sentBytes === piece.size };
}

/** Sends the next bytes and returns their number. The head waits for the first of them: they may fail to be read. */
async function sendChunk(transfer: Transfer, position: number): Promise<number> {
  const { response, body, content, piece } = transfer;
  const buffer = buffers.take();
  let isFree = true;
  try {
    const chunk = await readChunk(content, position, buffer.subarray(0, piece.last - position + 1));
    if (!response.headersSent) sendHead(response, piece.status, piece.headers);
    isFree = false;
    const isLast = position + chunk.length > piece.last;
    isFree = isLast ? await body.end(chunk) : await body.write(chunk);
    return chunk.length;
  } finally {
    if (isFree) buffers.giveBack(buffer);
    else buffers.forget(buffer);
  }
}

async function readChunk(
  content: FileContent,
  position: number,
  into: Uint8Array,
): Promise<Uint8Array> {
  const count = await content.read(position, into);
  if (count === 0) {
    throw new Error(`the file ends at byte ${position} although its size is ${content.size}`);
  }
  return into.subarray(0, count);
}

/** By now the answer is sent or has failed for a better reason: a file that does not close changes neither. */
async function closeQuietly(content: FileContent): Promise<void> {
  await content.close().catch(() => {});
}
