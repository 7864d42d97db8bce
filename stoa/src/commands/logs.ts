// stoa logs
import type { LogLine } from "@stoa/control";
import { ControlClient } from "../delivery/control-client.ts";
import { readLogin } from "../delivery/login.ts";
import { give, say } from "../delivery/terminal.ts";
import type { CommandPlace } from "./deploy.ts";

/** What the command line says. */
export interface LogsOptions {
  readonly environment?: string;
  readonly machine?: string;
  readonly follow?: boolean;
  readonly since?: string;
  readonly lines: number;
  readonly json?: boolean;
}

const slow = "they came faster than they were read";

/** Prints the lines of a service, and goes on with `follow`. */
export async function logs(
  place: CommandPlace,
  service: string,
  options: LogsOptions,
): Promise<void> {
  const client = new ControlClient(await readLogin(place.environment));
  const query = new URLSearchParams({
    service,
    environment: options.environment ?? "production",
    limit: String(options.lines),
    follow: String(options.follow === true),
    ...(options.machine === undefined ? {} : { machine: options.machine }),
    ...(options.since === undefined ? {} : { since: momentOf(options.since, Date.now()) }),
  });
  let lines = 0;
  for await (const { event, data } of client.events(`/logs?${query}`)) {
    if (event === "gap")
      say(`${(data as { lines: number }).lines} lines are left out here: ${slow}`);
    if (event !== "line") continue;
    lines += 1;
    give(options.json === true ? JSON.stringify(data) : lineOf(data as LogLine));
  }
  if (lines === 0) await checkKnown(client, service, query.get("environment") ?? "");
}

/** Throws a sentence if there never was such a service there: its name is probably another. */
async function checkKnown(
  client: ControlClient,
  service: string,
  environment: string,
): Promise<void> {
  const query = new URLSearchParams({ service, environment, limit: "1" });
  const { rollouts } = await client.get<{ rollouts: readonly unknown[] }>(`/rollouts?${query}`);
  if (rollouts.length > 0) return;
  throw new Error(`${service} was never deployed to ${environment}; stoa list shows what was`);
}

/** A moment: as it is (`2026-01-31T12:00:00Z`), or how long ago (`10m`). Throws a sentence. */
export function momentOf(text: string, now: number): string {
  const [, number, unit] = /^([0-9]+)([smhd])$/.exec(text) ?? [];
  if (number !== undefined) {
    const seconds = { s: 1, m: 60, h: 3_600, d: 86_400 }[unit as "s" | "m" | "h" | "d"];
    return new Date(now - Number(number) * seconds * 1_000).toISOString();
  }
  const parsed = Date.parse(text);
  if (!Number.isNaN(parsed)) return new Date(parsed).toISOString();
  throw new Error(
    `--since ${text} is no time: say how long ago, such as 10m, or when, such as 2026-01-31T12:00:00Z`,
  );
}

function lineOf({ at, machine, stream, text }: LogLine): string {
  const mark = stream === "agent" ? "* " : "";
  return `${at} ${machine} ${mark}${text}`;
}
