// A question to a control plane and its answer: HTTP/1.1 on connections that are kept.
import type { IncomingMessage } from "node:http";
import process from "node:process";

/** What is asked. */
export interface Question {
  readonly method?: "GET" | "PUT" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Fires when nobody wants the answer any more, or the rest of it. */
  readonly signal: AbortSignal;
}

/**
 * Resolves as soon as the head of the answer is there, whatever its status; redirections are not followed. The body is to
 * be read or let go, or its connection is not used again. Fails as Node does where nobody answers; `whyNot` says why.
 *
 * On a kept connection that the server has just closed a question is put once more: the server has not read it
 * (https://nodejs.org/api/http.html#requestreusedsocket).
 */
export async function exchange(url: string, question: Question): Promise<IncomingMessage> {
  try {
    return await ask(url, question);
  } catch (failure) {
    if (!(failure instanceof ClosedWhileKept)) throw failure;
    return await ask(url, question);
  }
}

/** The body as a text. Fails if it is longer than that, or breaks off. */
export async function readText(answer: IncomingMessage, mostBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new Error("the answer is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** Reads a body that says nothing to its end, so that its connection is used again. */
export function letGo(answer: IncomingMessage): void {
  answer.resume();
}

/** Why there is no answer, or no whole one: the cause that says most. */
export function whyNot(failure: unknown): string {
  if (!(failure instanceof Error)) return String(failure);
  // One of these for each address of a host; they have no words of their own.
  if (failure instanceof AggregateError) return whyNot(failure.errors[0]);
  return failure.cause instanceof Error ? failure.cause.message : failure.message;
}

class ClosedWhileKept extends Error {}

function ask(
  url: string,
  { method = "GET", headers = {}, body, signal }: Question,
): Promise<IncomingMessage> {
  // Not `fetch`, and no import either, which reads all that the module exports (`WebSocket`): both bring a second HTTP
  // client into every agent, some 13 MB.
  const { request } = url.startsWith("https:")
    ? process.getBuiltinModule("node:https")
    : process.getBuiltinModule("node:http");
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, signal }, resolve);
    outgoing.on("error", (failure: NodeJS.ErrnoException) => {
      const isClosed = failure.code === "ECONNRESET" || failure.code === "EPIPE";
      const isKept = outgoing.reusedSocket && !signal.aborted;
      reject(
        isClosed && isKept ? new ClosedWhileKept(failure.message, { cause: failure }) : failure,
      );
    });
    outgoing.end(body);
  });
}
