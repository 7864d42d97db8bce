// Heads of answers that are laid out once and sent many times.
import type { IncomingMessage, ServerResponse } from "node:http";
import { type RawHeaders, sendHead } from "./answer.ts";
import { toHttpDate } from "./http-date.ts";

/** The head of a 200, as bytes on the wire but for its date. */
export interface ReadyHead {
  readonly headers: RawHeaders;
  readonly text: string;
}

export function readyHead(headers: RawHeaders): ReadyHead {
  let text = "HTTP/1.1 200 OK\r\n";
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const [name = "", value = ""] = headers.slice(at, at + 2);
    if (!isHeader.test(`${name}: ${value}`))
      throw new Error(`${name} is no header that can be sent`);
    text += `${name}: ${value}\r\n`;
  }
  return { headers, text };
}

/** Name and value as RFC 9110 §5 allows them, and nothing that could end the line. */
const isHeader = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t -~\u0080-\u00ff]*$/;

/**
 * Sends a head whose body follows with `end`. `more` are the headers of this answer alone, at best not more than one.
 *
 * `writeHead` checks each header and lays it out for every answer, which is a quarter of the work for a small file. What it
 * comes to is one text that Node keeps in `_header` until the first byte of the body leaves; here that text is put in its
 * place as it is. Where the connection needs a word of its own (an old client, a connection that is to be closed, headers set
 * elsewhere) `writeHead` does it. A connection that stays open needs none in HTTP/1.1.
 */
export function sendReadyHead(
  request: IncomingMessage,
  response: ServerResponse,
  head: ReadyHead,
  more: RawHeaders = [],
): void {
  const [name = "", value = ""] = more;
  const isPlain =
    response.shouldKeepAlive &&
    (more.length === 0 || (more.length === 2 && isHeader.test(`${name}: ${value}`))) &&
    request.httpVersionMinor === 1 &&
    isLaidOutByNode(response) &&
    response.getHeaderNames().length === 0;
  if (isPlain) {
    const line = more.length === 0 ? "" : `${name}: ${value}\r\n`;
    response._header = `${head.text}${line}${dateLine()}\r\n`;
  } else {
    sendHead(response, 200, more.length === 0 ? head.headers : [...head.headers, ...more]);
  }
}

type LaidOut = ServerResponse & { _header: string | null };

/** Whether this is a Node that keeps the head where it has kept it since its beginnings. */
function isLaidOutByNode(response: ServerResponse): response is LaidOut {
  return "_header" in response && response._header === null;
}

let dateSecond = 0;
let date = "";

/** The time, written anew once a second. */
function dateLine(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    date = `Date: ${toHttpDate(new Date(second * 1000))}\r\n`;
  }
  return date;
}
