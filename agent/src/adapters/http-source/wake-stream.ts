// The event stream on which a control plane says that something has changed.
import type { WakeSource } from "../../domain/document-source.ts";
import type { ControlPlane } from "./http-source.ts";

const silenceMs = 60_000;

/** Follows the stream of a control plane. What it says is only a hint to ask: it is not believed. */
export function wakeStream({ url, machineToken }: ControlPlane): WakeSource {
  return {
    follow: async function* (environment, signal) {
      const stall = new AbortController();
      let timer = setTimeout(() => stall.abort(), silenceMs);
      try {
        const response = await fetch(
          `${url}/api/v1/wake?environment=${encodeURIComponent(environment)}`,
          {
            headers: machineToken === undefined ? {} : { authorization: `Bearer ${machineToken}` },
            redirect: "error",
            signal: AbortSignal.any([signal, stall.signal]),
          },
        );
        if (!response.ok) {
          await response.body?.cancel();
          return;
        }
        for await (const chunk of response.body ?? []) {
          clearTimeout(timer);
          timer = setTimeout(() => stall.abort(), silenceMs);
          if (Buffer.from(chunk).includes("event:")) yield;
        }
      } catch {
        // The stream is over, whatever ended it; polling goes on.
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
