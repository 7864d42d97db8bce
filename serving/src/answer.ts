// What all answers have in common: headers as Node writes them fastest, and an account of what was sent.
import type { ServerResponse } from "node:http";

/** Header names and values in turn, `["Content-Type", "text/plain", …]`, as `ServerResponse.writeHead` takes them. */
export type RawHeaders = readonly string[];

/** What became of an answer. */
export interface Sent {
  /** The status that was sent, or would have been had the client stayed. */
  readonly status: number;
  /** Bytes of the body that left for the client. */
  readonly bytes: number;
  /** Whether the whole answer was handed to the operating system; for answers from memory, to the connection. */
  readonly completed: boolean;
  /** Why this side broke off a transfer that had begun; absent when it was the client that left. */
  readonly failure?: unknown;
}

/** Sends the head of an answer whose body follows. */
export function sendHead(response: ServerResponse, status: number, headers: RawHeaders): void {
  // Node reads the array and changes nothing in it; only its type does not say so.
  response.writeHead(status, headers as string[]);
}

/** Sends an answer without a body. */
export function sendBare(response: ServerResponse, status: number, headers: RawHeaders): Sent {
  const completed = !response.destroyed;
  sendHead(response, status, headers);
  response.end();
  return { status, bytes: 0, completed };
}
