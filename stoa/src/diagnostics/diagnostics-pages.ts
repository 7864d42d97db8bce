// The port for looking into the running program: metrics, CPU profile, heap snapshot.
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { getHeapSnapshot } from "node:v8";
import { type Handler, sendText } from "@stoa/serving";
import type { Log, Metrics } from "@stoa/telemetry";
import { cpuProfile } from "./cpu-profile.ts";

const index = `This port shows the inside of the program.

/metrics                  event-loop delay, heap, garbage collection, and all other metrics (Prometheus)
/cpu-profile?seconds=30   what it spends its time on; open the file in Chrome's developer tools (Performance)
/heap-snapshot            what it keeps in memory; open the file there (Memory). It stops the program for a
                          while, needs as much memory again, and holds every secret the program knows

/debug/pprof/profile and /debug/pprof/heap are the same under the names that Go has for them.`;

const longestProfileSeconds = 300;

/** The handler for that port. One profile or snapshot is taken at a time. */
export function diagnosticsPages({ log, metrics }: { log: Log; metrics: Metrics }): Handler {
  let isBusy = false;
  const exclusively = async (
    response: ServerResponse,
    take: () => Promise<unknown>,
  ): Promise<void> => {
    if (isBusy) {
      sendText(response, 409, "a profile or snapshot is being taken already; wait for its end");
      return;
    }
    isBusy = true;
    try {
      await take();
    } finally {
      isBusy = false;
    }
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "/", "http://localhost");
    switch (url.pathname) {
      case "/":
      case "/debug/pprof/":
        sendText(response, 200, index);
        return;
      case "/metrics":
        response.writeHead(200, { "Content-Type": metrics.contentType });
        response.end(await metrics.text());
        return;
      case "/cpu-profile":
      case "/debug/pprof/profile":
        return exclusively(response, () => sendProfile(response, url.searchParams.get("seconds")));
      case "/heap-snapshot":
      case "/debug/pprof/heap":
        return exclusively(response, () => sendSnapshot(response));
      default:
        sendText(response, 404, "not found: / lists what is here");
    }
  };
  return (request, response) => {
    answer(request, response).catch((error) => {
      log.warn("diagnostics failed", { error });
      if (response.headersSent) response.destroy();
      else sendText(response, 500, "this failed; the log says why");
    });
  };
}

async function sendProfile(response: ServerResponse, asked: string | null): Promise<void> {
  const seconds = Number(asked ?? "30");
  if (!(seconds > 0 && seconds <= longestProfileSeconds)) {
    sendText(response, 400, `seconds must be a number above 0, at most ${longestProfileSeconds}`);
    return;
  }
  const left = new AbortController();
  response.once("close", () => left.abort());
  try {
    const profile = await cpuProfile(seconds, left.signal);
    response.writeHead(200, asDownload("stoa.cpuprofile"));
    response.end(profile);
  } catch (failure) {
    if (!left.signal.aborted) throw failure;
  }
}

async function sendSnapshot(response: ServerResponse): Promise<void> {
  response.writeHead(200, asDownload("stoa.heapsnapshot"));
  await pipeline(getHeapSnapshot(), response);
}

function asDownload(name: string): Record<string, string> {
  return {
    "Content-Type": "application/json",
    "Content-Disposition": `attachment; filename="${name}"`,
  };
}
