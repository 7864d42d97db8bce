// Routes of delivery: contents, revisions, rollouts, settings.
import { isOver } from "@stoa/deployment";
import { z } from "zod";
import type { Environments } from "../../application/change-environments.ts";
import type { Revisions } from "../../application/keep-revisions.ts";
import { namesOf, type ServiceSettings } from "../../application/keep-settings.ts";
import type { Machines } from "../../application/know-machines.ts";
import type { AuditLog } from "../../application/record-audit.ts";
import type { Rollouts } from "../../application/run-rollouts.ts";
import { membersOf, startRollout } from "../../application/start-rollout.ts";
import { steerRollout } from "../../application/steer-rollout.ts";
import type { BlobShelf } from "../../domain/blob-shelf.ts";
import type { Clock } from "../../domain/clock.ts";
import { type RolloutRecord, shownRollout } from "../../domain/rollout-record.ts";
import { eventStream, type StreamEvent } from "../event-stream.ts";
import { type Call, param, type Route, route } from "../route.ts";
import {
  rolloutRequestSchema,
  rolloutSchema,
  settingsRequestSchema,
  sha256Schema,
  startedSchema,
} from "../schemas.ts";
import { parsedSelector } from "../selector.ts";

/** What the routes of delivery need. */
export interface DeliveryParts {
  readonly blobs: BlobShelf;
  readonly environments: Environments;
  readonly machines: Machines;
  readonly revisions: Revisions;
  readonly rollouts: Rollouts;
  readonly settings: ServiceSettings;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

/** The routes of delivery. */
export function deliveryRoutes(parts: DeliveryParts): readonly Route[] {
  return [...contentRoutes(parts), ...rolloutRoutes(parts), ...settingsRoutes(parts)];
}

function contentRoutes({ blobs, revisions, machines, audit }: DeliveryParts): readonly Route[] {
  return [
    route({
      method: "GET",
      path: "/environments/:environment/target",
      summary: "For which machines a build would be: the group that these tags choose.",
      admission: "read",
      query: z.object({ tags: z.string().default("") }),
      answer: z.object({
        machines: z.array(z.object({ machine: z.string(), os: z.string(), arch: z.string() })),
      }),
      handle: async (call) => ({
        machines: membersOf(
          machines,
          param(call, "environment"),
          parsedSelector(call.query.tags),
        ).map(({ record: { machine, os, arch } }) => ({ machine, os, arch })),
      }),
    }),
    route({
      method: "POST",
      path: "/blobs/missing",
      summary: "Which of these contents are not kept yet.",
      admission: "deploy",
      body: z.strictObject({ sha256: z.array(sha256Schema).max(100_000) }),
      answer: z.object({ sha256: z.array(z.string()) }),
      handle: async ({ body }) => ({ sha256: [...(await revisions.missing(body.sha256))] }),
    }),
    route({
      method: "PUT",
      path: "/blobs/sha256/:sha256",
      summary: "Keeps a content; it must be what its name says.",
      admission: "deploy",
      body: "application/octet-stream",
      handle: async (call) => {
        await blobs.put(param(call, "sha256"), call.request.body ?? new ReadableStream());
      },
    }),
    route({
      method: "PUT",
      path: "/services/:service/revisions/:id",
      summary: "Keeps a revision whose contents are all there.",
      admission: "deploy",
      body: z.record(z.string(), z.unknown()),
      handle: async (call) => {
        const [service, id] = [param(call, "service"), param(call, "id")];
        if ((await revisions.put(service, id, call.body)) === "known") return;
        await audit.record(nameOf(call), "revision.put", service, { revision: id });
      },
    }),
    route({
      method: "GET",
      path: "/services/:service/revisions/:id",
      summary: "A revision; the beginning of an id is enough.",
      admission: "read",
      answer: z.object({ id: z.string(), revision: z.record(z.string(), z.unknown()) }),
      handle: (call) => revisions.get(param(call, "service"), param(call, "id")),
    }),
  ];
}

function rolloutRoutes(parts: DeliveryParts): readonly Route[] {
  const { rollouts } = parts;
  return [
    route({
      method: "POST",
      path: "/environments/:environment/services/:service/rollouts",
      summary: "Begins to bring a revision to the machines of a group.",
      admission: "deploy",
      body: rolloutRequestSchema,
      answer: startedSchema,
      handle: async (call) => {
        const { record, unchanged } = await startRollout(parts, {
          environment: param(call, "environment"),
          service: param(call, "service"),
          owner: nameOf(call),
          ...call.body,
        });
        return { rollout: shownRollout(record), unchanged };
      },
    }),
    route({
      method: "GET",
      path: "/rollouts",
      summary: "Rollouts, the newest first.",
      admission: "read",
      query: z.object({
        environment: z.string().optional(),
        service: z.string().optional(),
        limit: z.coerce.number().int().min(1).max(1_000).default(50),
      }),
      answer: z.object({ rollouts: z.array(rolloutSchema) }),
      handle: async ({ query: { limit, ...filter } }) => ({
        rollouts: rollouts.list(filter).slice(0, limit).map(shownRollout),
      }),
    }),
    route({
      method: "GET",
      path: "/rollouts/:id",
      summary: "A rollout.",
      admission: "read",
      answer: rolloutSchema,
      handle: async (call) => shownRollout(rollouts.get(param(call, "id"))),
    }),
    route({
      method: "GET",
      path: "/rollouts/:id/events",
      summary:
        "The rollout as it is, again with every change, until it has ended: events named `rollout`.",
      admission: "read",
      answer: "text/event-stream",
      handle: async (call) => {
        const { id } = rollouts.get(param(call, "id")).rollout;
        return eventStream(call, (signal) => followed(rollouts, id, signal));
      },
    }),
    ...(["pause", "resume", "cancel", "abandon"] as const).map((word) =>
      route({
        method: "POST",
        path: `/rollouts/:id/${word}`,
        summary: steeringSummaries[word],
        admission: "deploy",
        body: z.strictObject({ reason: z.string().max(500).default("") }),
        answer: rolloutSchema,
        handle: async (call) => {
          const said = { owner: nameOf(call), reason: call.body.reason };
          return shownRollout(await steerRollout(parts, param(call, "id"), word, said));
        },
      }),
    ),
  ];
}

const steeringSummaries = {
  pause: "Opens no further wave until it is resumed.",
  resume: "Goes on with a paused rollout.",
  cancel: "Gives a rollout up: machines that were touched go back.",
  abandon: "Ends a rollout with every machine as it is.",
} as const;

async function* followed(
  rollouts: Rollouts,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<StreamEvent> {
  const changes = rollouts.news.follow(signal);
  const now = rollouts.get(id);
  yield eventOf(now);
  if (isOver(now.rollout)) return;
  for await (const record of changes) {
    if (record.rollout.id !== id) continue;
    yield eventOf(record);
    if (isOver(record.rollout)) return;
  }
}

function eventOf(record: RolloutRecord): StreamEvent {
  return { event: "rollout", data: shownRollout(record) };
}

function settingsRoutes({ settings, audit }: DeliveryParts): readonly Route[] {
  const namesSchema = z.object({ names: z.array(z.string()) });
  return [
    route({
      method: "GET",
      path: "/environments/:environment/services/:service/settings",
      summary: "The names of a service's settings; values are never shown.",
      admission: "read",
      answer: namesSchema,
      handle: async (call) => {
        const found = await settings.read(param(call, "environment"), param(call, "service"));
        return { names: namesOf(found) };
      },
    }),
    route({
      method: "PUT",
      path: "/environments/:environment/services/:service/settings",
      summary: "Sets and unsets settings; they go out with the next rollout.",
      admission: "deploy",
      body: settingsRequestSchema,
      answer: namesSchema,
      handle: async (call) => {
        const [environment, service] = [param(call, "environment"), param(call, "service")];
        const { set, unset } = call.body;
        await audit.record(nameOf(call), "settings.change", `${environment}/${service}`, {
          set: Object.keys(set).join(","),
          unset: unset.join(","),
        });
        return { names: await settings.change(environment, service, set, unset) };
      },
    }),
  ];
}

function nameOf({ principal }: Pick<Call, "principal">): string {
  return principal?.name ?? "";
}
