// Routes that show: the server itself, services, logs.
import { z } from "zod";
import type { Environments } from "../../application/change-environments.ts";
import type { Logs } from "../../application/collect-logs.ts";
import type { Revisions } from "../../application/keep-revisions.ts";
import type { Rollouts } from "../../application/keep-rollouts.ts";
import type { Machines } from "../../application/know-machines.ts";
import { listServices } from "../../application/list-services.ts";
import type { FollowedItem } from "../../domain/followed-lines.ts";
import { eventStream, type StreamEvent } from "../event-stream.ts";
import { type Route, route } from "../route.ts";
import { serverSchema, serviceSchema } from "../schemas/server-schemas.ts";

interface OverviewParts {
  readonly environments: Environments;
  readonly machines: Machines;
  readonly revisions: Revisions;
  readonly rollouts: Rollouts;
  readonly logs: Logs;
  readonly server: z.input<typeof serverSchema>;
}

const logQuerySchema = z.object({
  environment: z.string(),
  service: z.string(),
  machine: z.string().optional(),
  since: z.iso.datetime().optional(),
  limit: z.coerce.number().int().min(1).max(100_000).default(1_000),
  follow: z.enum(["true", "false"]).default("false"),
});

/** The routes that show. */
export function overviewRoutes(parts: OverviewParts): readonly Route[] {
  const { environments, logs } = parts;
  return [
    route({
      method: "GET",
      path: "/server",
      summary: "What this server is. Needs a token, so that it tells whether one is good.",
      admission: "read",
      answer: serverSchema,
      handle: async () => parts.server,
    }),
    route({
      method: "GET",
      path: "/environments",
      summary: "The names of all environments.",
      admission: "read",
      answer: z.object({ environments: z.array(z.string()) }),
      handle: async () => ({ environments: await environments.list() }),
    }),
    route({
      method: "GET",
      path: "/services",
      summary: "Every service of every environment at a glance.",
      admission: "read",
      answer: z.object({ services: z.array(serviceSchema) }),
      handle: async () => ({ services: await listServices(parts) }),
    }),
    route({
      method: "GET",
      path: "/logs",
      summary:
        "Lines of a service, also of one that is gone: events named `line`, `gap` with the number of lines that a slow reader has missed, and `end` unless followed.",
      admission: "read",
      query: logQuerySchema,
      answer: "text/event-stream",
      handle: async ({ query, signal: end }) => {
        const { follow, since, machine, ...rest } = query;
        const asked = {
          ...rest,
          ...(machine === undefined ? {} : { machine }),
          ...(since === undefined ? {} : { since: Date.parse(since) }),
        };
        if (follow === "false") {
          const kept = await logs.read(asked);
          return eventStream({ signal: end }, async function* (): AsyncGenerator<StreamEvent> {
            for (const data of kept) yield { event: "line", data };
            yield { event: "end", data: {} };
          });
        }
        return eventStream({ signal: end }, async function* (signal): AsyncGenerator<StreamEvent> {
          for await (const item of logs.follow(asked, signal)) yield eventOf(item);
          yield { event: "end", data: {} };
        });
      },
    }),
  ];
}

function eventOf(item: FollowedItem): StreamEvent {
  return item.kind === "line"
    ? { event: "line", data: item.line }
    : { event: "gap", data: { lines: item.lines } };
}
