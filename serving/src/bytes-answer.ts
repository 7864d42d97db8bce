// Answers from memory: the hot path. Everything that can be is made once, before the first request.
import type { IncomingMessage, ServerResponse } from "node:http";
import { type RawHeaders, type Sent, sendBare, sendHead } from "./answer.ts";
import { decideAnswer, isUnconditional, type Validators } from "./conditions.ts";
import { sendWithoutFile, toPiece, validatorHeaders } from "./file-head.ts";
import { type ReadyHead, readyHead, sendReadyHead } from "./ready-head.ts";

/** Above this many bytes the copy that joins head and body costs more than a second write. */
const joinedUpToBytes = 4 * 1024;

/** A body and the headers of its whole answer, ready to be sent any number of times. */
export interface PreparedBytes extends Validators {
  readonly size: number;
  /** The headers that do not depend on the request. */
  readonly headers: RawHeaders;
  /** Those and Content-Length, for the whole of it. */
  readonly whole: ReadyHead;
  /** Bytes; or, where they are few, a string of one character (U+0000 to U+00FF) per byte: Node sends that faster. */
  readonly body: Uint8Array | string;
}

/** What is said about bytes beside the bytes themselves. */
export interface Description extends Validators {
  readonly headers: RawHeaders;
}

/** Prepares an answer. `bytes` must not change afterwards. */
export function prepareBytes(bytes: Uint8Array, description: Description): PreparedBytes {
  const { etag, modified } = description;
  const size = bytes.length;
  const headers = [...description.headers, ...validatorHeaders(description)];
  const whole = readyHead(toPiece({ status: 200 }, size, headers).headers);
  const body = size > joinedUpToBytes ? bytes : asBuffer(bytes).toString("latin1");
  return { etag, modified, size, headers, whole, body };
}

/**
 * Answers GET and HEAD with prepared bytes, conditions and ranges as for `sendFile`. `more` are headers of this answer
 * alone; they cost less here than with `setHeader`, which makes Node write all of them in its slow way.
 */
export function sendPrepared(
  request: IncomingMessage,
  response: ServerResponse,
  prepared: PreparedBytes,
  more: RawHeaders = [],
): Sent {
  const { whole, body } = prepared;
  const isWhole = isUnconditional(request.headers);
  if (isWhole && request.method !== "HEAD") {
    const completed = !response.destroyed;
    sendReadyHead(request, response, whole, more);
    return sendBody(response, 200, body, completed);
  }
  for (let at = 0; at + 1 < more.length; at += 2) {
    response.setHeader(more[at] ?? "", more[at + 1] ?? "");
  }
  if (isWhole) return sendBare(response, 200, whole.headers);
  return sendConditionally(request, response, prepared);
}

/** Answers with bytes that are sent once; those sent often are better prepared. */
export function sendBytes(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Uint8Array,
  description: Description,
): Sent {
  return sendPrepared(request, response, prepareBytes(bytes, description));
}

function sendConditionally(
  request: IncomingMessage,
  response: ServerResponse,
  prepared: PreparedBytes,
): Sent {
  const { method = "GET" } = request;
  const { size, headers, body } = prepared;
  const verdict = decideAnswer(method, request.headers, prepared, size);
  if (verdict.status !== 200 && verdict.status !== 206) {
    return sendWithoutFile(response, verdict.status, size, headers);
  }
  const piece = toPiece(verdict, size, headers);
  if (method === "HEAD") return sendBare(response, piece.status, piece.headers);
  const part = [piece.first, piece.last + 1] as const;
  const wanted = typeof body === "string" ? body.slice(...part) : body.subarray(...part);
  const completed = !response.destroyed;
  sendHead(response, piece.status, piece.headers);
  return sendBody(response, piece.status, wanted, completed);
}

function sendBody(
  response: ServerResponse,
  status: number,
  body: Uint8Array | string,
  completed: boolean,
): Sent {
  // The encoding means nothing for bytes; for a string it says: one byte per character.
  response.end(body, "latin1");
  return { status, bytes: completed ? body.length : 0, completed };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
