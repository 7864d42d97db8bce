// Short answers in words, above all refusals.
import type { ServerResponse } from "node:http";
import { type RawHeaders, type Sent, sendHead } from "./answer.ts";

/**
 * Answers with one sentence as `text/plain`, ended by a line break; to HEAD with its headers alone. `headers` come on top
 * of Content-Type and Content-Length, and must not name those.
 */
export function sendText(
  response: ServerResponse,
  status: number,
  sentence: string,
  headers: RawHeaders = [],
): Sent {
  const body = `${sentence}\n`;
  const bytes = Buffer.byteLength(body);
  const completed = !response.destroyed;
  sendHead(response, status, [...textHeaders, "Content-Length", String(bytes), ...headers]);
  if (response.req.method === "HEAD") {
    response.end();
    return { status, bytes: 0, completed };
  }
  response.end(body);
  return { status, bytes: completed ? bytes : 0, completed };
}

/** Without nosniff a browser may take a sentence that repeats part of the URL for a page. */
const textHeaders: RawHeaders = [
  "Content-Type",
  "text/plain; charset=utf-8",
  "X-Content-Type-Options",
  "nosniff",
];
