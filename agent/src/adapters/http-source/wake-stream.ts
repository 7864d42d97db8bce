// The event stream on which a control plane says that something has changed.
import type { WakeSource } from "../../domain/document-source.ts";
import type { ControlPlane } from "./http-source.ts";
import { exchange, letGo } from "./plane-exchange.ts";

const silenceMs = 60_000;

/** Follows the stream of a control plane. What it says is only a hint to ask: it is not believed. */
export function wakeStream({ url, machineToken }: ControlPlane): WakeSource {
  return {
    follow: async function* (environment, signal) {
      const stall = new AbortController();
      const timer = setTimeout(() => stall.abort(), silenceMs);
      try {
        const answer = await exchange(
          `${url}/api/v1/wake?environment=${encodeURIComponent(environment)}`,
          {
            headers: machineToken === undefined ? {} : { authorization: `Bearer ${machineToken}` },
            signal: AbortSignal.any([signal, stall.signal]),
          },
        );
        if (answer.statusCode !== 200) {
          letGo(answer);
          return;
        }
        for await (const chunk of answer as AsyncIterable<Buffer>) {
          timer.refresh();
          if (chunk.includes("event:")) yield;
        }
      } catch {
        // The stream is over, whatever ended it; polling goes on.
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
