// Answers that go on: server-sent events, https://html.spec.whatwg.org/multipage/server-sent-events.html.

import type { Call } from "./route.ts";

/** One event; `data` is written as JSON. */
export interface StreamEvent {
  readonly event: string;
  readonly data: unknown;
}

/** So often something is said on a quiet stream, so that both ends find out about a dead connection. */
const quietMs = 15_000;
/** So much is made ready ahead of a client. */
const aheadBytes = 64 << 10;

/**
 * Answers with events until they end or the call's signal aborts, or the client leaves; `events` is told by its signal. The next
 * event is asked for when the client has taken those before it: whoever makes them decides what becomes of those that wait.
 */
export function eventStream(
  { signal: ended }: Pick<Call, "signal">,
  events: (signal: AbortSignal) => AsyncIterable<StreamEvent>,
): Response {
  const left = new AbortController();
  const signal = AbortSignal.any([left.signal, ended]);
  const encoder = new TextEncoder();
  const pieces = events(signal)[Symbol.asyncIterator]();
  let timer: NodeJS.Timeout | undefined;
  const leave = (): void => {
    clearInterval(timer);
    left.abort();
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const say = (text: string): void => controller.enqueue(encoder.encode(text));
        say(": hello\n\n");
        timer = setInterval(() => {
          if ((controller.desiredSize ?? 0) > 0) say(": still here\n\n");
        }, quietMs);
        timer.unref();
      },
      async pull(controller) {
        const next = await pieces.next().catch((failure: unknown) => {
          leave();
          throw failure;
        });
        if (left.signal.aborted) return;
        if (next.done === true) {
          leave();
          controller.close();
          return;
        }
        const { event, data } = next.value;
        controller.enqueue(encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
      },
      async cancel() {
        leave();
        await pieces.return?.();
      },
    },
    { highWaterMark: aheadBytes, size: ({ byteLength }) => byteLength },
  );
  return new Response(body, {
    headers: { "Content-Type": "text/event-stream", "Cache-Control": "no-store" },
  });
}
