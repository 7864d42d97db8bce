// Routes by which machines report: how they are, and what their services write.
import type { Logs } from "../../application/collect-logs.ts";
import type { Machines } from "../../application/know-machines.ts";
import { ControlFailure } from "../../domain/control-failure.ts";
import type { LogLine } from "../../domain/log-archive.ts";
import { limitedText } from "../api.ts";
import { type Call, param, type Route, route } from "../route.ts";
import { logLineSchema } from "../schemas/log-schemas.ts";

interface ReportParts {
  readonly machines: Machines;
  readonly logs: Logs;
  /** From where a request came. */
  readonly hostOf: (request: Request) => string | undefined;
}

const statusLimitBytes = 1 << 20;
const logLimitBytes = 4 << 20;

/** The routes by which machines report. */
export function reportRoutes({ machines, logs, hostOf }: ReportParts): readonly Route[] {
  return [
    route({
      method: "PUT",
      path: "/machines/:machine/status",
      summary: "A machine says how it is: an envelope that it has signed.",
      admission: "machine",
      body: "application/octet-stream",
      handle: async (call) => {
        const envelope = await limitedText(call.request, statusLimitBytes);
        await machines.report(ownName(call), envelope, hostOf(call.request));
      },
    }),
    route({
      method: "POST",
      path: "/machines/:machine/logs",
      summary: "Lines that services on the machine have written, as JSON, one per line.",
      admission: "machine",
      body: "application/x-ndjson",
      handle: async (call) => {
        const machine = ownName(call);
        const lines = parsedLines(machine, await limitedText(call.request, logLimitBytes));
        const { environment } = machines.get(machine).record;
        await logs.take({ environment, machine }, lines);
      },
    }),
  ];
}

function ownName(call: Call): string {
  const machine = param(call, "machine");
  if (call.principal?.name === machine) return machine;
  throw new ControlFailure(
    "forbidden",
    `this token is of ${call.principal?.name}, not of ${machine}`,
  );
}

function parsedLines(machine: string, text: string): ReadonlyMap<string, readonly LogLine[]> {
  const lines = text.split("\n").filter((line) => line !== "");
  const parsed = lines.map((line, at) => {
    const result = logLineSchema.safeParse(safeJson(line));
    if (result.success) return result.data;
    throw new ControlFailure(
      "bad_request",
      `line ${at + 1} of the log is none: ${result.error.issues[0]?.message}`,
    );
  });
  const byService = Map.groupBy(parsed, ({ service }) => service);
  return new Map(
    [...byService].map(([service, found]) => [
      service,
      found.map(({ service: _, ...line }) => ({ machine, ...line })),
    ]),
  );
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
