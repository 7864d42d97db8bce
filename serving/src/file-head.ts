// The heads of answers about a file: all of it, a part of it, or nothing of it.
import type { ServerResponse } from "node:http";
import { type RawHeaders, type Sent, sendBare } from "./answer.ts";
import type { ByteRange } from "./byte-range.ts";
import type { Sending, Validators } from "./conditions.ts";
import { toHttpDate } from "./http-date.ts";
import { sendText } from "./text-answer.ts";

/** What is sent of a file, and under which headers. An empty file has `last` before `first`. */
export interface Piece extends ByteRange {
  readonly status: 200 | 206;
  readonly size: number;
  readonly headers: RawHeaders;
}

/** The headers that make a file cacheable and its transfer resumable. */
export function validatorHeaders({ etag, modified }: Validators): RawHeaders {
  const dated = modified === undefined ? [] : ["Last-Modified", toHttpDate(modified)];
  return ["Accept-Ranges", "bytes", "ETag", etag, ...dated];
}

/** What a verdict sends of a file of `fileSize` bytes that has these headers. */
export function toPiece(verdict: Sending, fileSize: number, headers: RawHeaders): Piece {
  const isPart = verdict.status === 206;
  const { first, last } = isPart ? verdict.range : { first: 0, last: fileSize - 1 };
  const size = last - first + 1;
  const part = isPart ? ["Content-Range", `bytes ${first}-${last}/${fileSize}`] : [];
  const described = [...headers, ...part, "Content-Length", String(size)];
  return { status: verdict.status, first, last, size, headers: described };
}

/** Sends the answer of which no byte of the file is a part. */
export function sendWithoutFile(
  response: ServerResponse,
  status: 304 | 412 | 416,
  fileSize: number,
  headers: RawHeaders,
): Sent {
  switch (status) {
    case 304:
      return sendBare(response, 304, notModifiedHeaders(headers));
    case 412:
      return sendText(response, 412, "the file is not in the state that the request asks for");
    case 416:
      return sendText(response, 416, `the file has ${fileSize} bytes, none of them in that range`, [
        "Content-Range",
        `bytes */${fileSize}`,
      ]);
  }
}

/**
 * The headers of the 200 less those that describe a body: a 304 has none. Last-Modified goes too, for the entity tag
 * says more (RFC 9110 §15.4.5).
 */
function notModifiedHeaders(headers: RawHeaders): RawHeaders {
  const kept: string[] = [];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const [name = "", value = ""] = headers.slice(at, at + 2);
    if (!describesBody.test(name)) kept.push(name, value);
  }
  return kept;
}

const describesBody =
  /^(?:content-(?:length|type|encoding|language|range)|last-modified|accept-ranges)$/i;
