// Puts answers on the wire, each form of body in its own way, and keeps what can be sent again.
import type { IncomingMessage, ServerResponse } from "node:http";
import {
  type PreparedBytes,
  prepareBytes,
  type Sent,
  sendFile,
  sendGrowing,
  sendPrepared,
  sendText,
} from "@stoa/serving";
import type { Log } from "@stoa/telemetry";
import type { StoredFile } from "../domain/module-store.ts";
import { type Answer, etagOfBytes, etagOfFile, type Freshness, headersOf } from "./answer.ts";
import type { HotAnswers } from "./hot-answers.ts";
import type { ReadyAnswer } from "./ready-answer.ts";
import type { RequestCounters } from "./request-counters.ts";
import type { RequestLabel } from "./request-label.ts";

/** What the sender is made of. */
export interface SenderParts {
  readonly hot: HotAnswers<ReadyAnswer>;
  readonly counters: RequestCounters;
  readonly log: Log;
}

/** What is known of an answer beside itself. */
interface Known {
  readonly label: RequestLabel;
  /** Of the hot answers, when the work on it began: an answer that was overtaken by a change is not remembered. */
  readonly generation: number;
}

export class AnswerSender {
  readonly #parts: SenderParts;

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  /** Sends the answer to a GET, HEAD or order. */
  async send(
    request: IncomingMessage,
    response: ServerResponse,
    answer: Answer,
    known: Known,
  ): Promise<Sent> {
    const { body, contentType, freshness } = answer;
    switch (body.form) {
      case "bytes":
        return this.#sendBytes(request, response, { ...answer, ...known, bytes: body.bytes });
      case "stored":
        return sendStored(request, response, body.file, headersOf(contentType, freshness));
      case "arriving": {
        const { size, modified } = body.zip;
        const headers = headersOf(contentType, freshness);
        if (size !== undefined) headers.push("ETag", etagOfFile(size, modified));
        return sendGrowing(request, response, { size, headers, body: body.zip.body() });
      }
      case "accepted":
        return sendText(response, 202, body.text, cacheHeader(freshness));
      case "redirect":
        return sendText(response, body.status, `this module is to be had from ${body.location}`, [
          ...["Location", body.location],
          ...cacheHeader(freshness),
        ]);
    }
  }

  /** Sends bytes that are at hand, and remembers them for the next request of the same kind. */
  #sendBytes(
    request: IncomingMessage,
    response: ServerResponse,
    answer: Omit<Answer, "body"> & Known & { readonly bytes: Uint8Array },
  ): Sent {
    const { bytes, contentType, freshness, label, generation } = answer;
    const etag = etagOfBytes(bytes);
    const prepare = (ageMs: number | undefined): PreparedBytes =>
      prepareBytes(bytes, { etag, headers: headersOf(contentType, { ...freshness, ageMs }) });
    const { log, counters, hot } = this.#parts;
    const isReusable =
      freshness.reusableForMs === Number.POSITIVE_INFINITY || !forbidsFetching(request);
    if (isReusable && generation === hot.generation) {
      const target = request.url ?? "";
      const line = { path: target, module: label.module, version: label.version, cache: "hit" };
      const alike = { ...line, method: "GET", status: 200, bytes: bytes.length };
      const fixed = {
        label,
        log: log.requestsLike(alike),
        series: counters.series(label.endpoint, 200, "hit"),
      };
      const make = (ageMs: number | undefined) => ({ ...fixed, prepared: prepare(ageMs) });
      hot.set(target, { make, freshness, sizeBytes: bytes.length });
    }
    return sendPrepared(request, response, prepare(freshness.ageMs));
  }
}

function sendStored(
  request: IncomingMessage,
  response: ServerResponse,
  file: StoredFile,
  headers: readonly string[],
): Promise<Sent> {
  return sendFile(
    request,
    response,
    {
      size: file.size,
      etag: etagOfFile(file.size, file.modified),
      modified: file.modified,
      read: (position, into) => file.read(position, into),
      close: async () => file[Symbol.asyncDispose](),
    },
    headers,
  );
}

function cacheHeader({ cacheControl }: Freshness): readonly string[] {
  return ["Cache-Control", cacheControl];
}

/** The public mirror's convention: answer from what is kept, fetch nothing. */
export function forbidsFetching(request: IncomingMessage): boolean {
  return request.headers["disable-module-fetch"] === "true";
}
