// Answers that go on: server-sent events, https://html.spec.whatwg.org/multipage/server-sent-events.html.

import type { Call } from "./route.ts";

/** One event; `data` is written as JSON. */
export interface StreamEvent {
  readonly event: string;
  readonly data: unknown;
}

/** So often something is said on a quiet stream, so that both ends find out about a dead connection. */
const quietMs = 15_000;

/** Answers with events until they end or the call's signal aborts, or the client leaves; `events` is told by its signal. */
export function eventStream(
  { signal: ended }: Pick<Call, "signal">,
  events: (signal: AbortSignal) => AsyncIterable<StreamEvent>,
): Response {
  const left = new AbortController();
  const signal = AbortSignal.any([left.signal, ended]);
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async start(controller) {
      const say = (text: string): void => {
        if (!left.signal.aborted) controller.enqueue(encoder.encode(text));
      };
      say(": hello\n\n");
      const timer = setInterval(() => say(": still here\n\n"), quietMs);
      timer.unref();
      try {
        for await (const { event, data } of events(signal)) {
          say(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
        }
        if (!left.signal.aborted) controller.close();
      } catch (failure) {
        if (!left.signal.aborted) controller.error(failure);
      } finally {
        clearInterval(timer);
        left.abort();
      }
    },
    cancel() {
      left.abort();
    },
  });
  return new Response(body, {
    headers: { "Content-Type": "text/event-stream", "Cache-Control": "no-store" },
  });
}
