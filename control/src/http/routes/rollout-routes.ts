// Routes of rollouts: started, steered, looked at, followed.
import { isOver } from "@stoa/deployment";
import { z } from "zod";
import type { Environments } from "../../application/change-environments.ts";
import type { Approvals } from "../../application/give-approvals.ts";
import type { Policies } from "../../application/keep-policies.ts";
import type { Revisions } from "../../application/keep-revisions.ts";
import type { Rollouts } from "../../application/keep-rollouts.ts";
import type { ServiceSettings } from "../../application/keep-settings.ts";
import type { Machines } from "../../application/know-machines.ts";
import type { AuditLog } from "../../application/record-audit.ts";
import type { RolloutRunner } from "../../application/run-rollouts.ts";
import { startRollout } from "../../application/start-rollout.ts";
import { steerRollout } from "../../application/steer-rollout.ts";
import type { Clock } from "../../domain/clock.ts";
import { type RolloutRecord, shownRollout } from "../../domain/rollout-record.ts";
import { eventStream, type StreamEvent } from "../event-stream.ts";
import { nameOf, param, type Route, route } from "../route.ts";
import { rolloutRequestSchema, rolloutSchema, startedSchema } from "../schemas/rollout-schemas.ts";

interface RolloutParts {
  readonly environments: Environments;
  readonly machines: Machines;
  readonly revisions: Revisions;
  readonly rollouts: Rollouts;
  readonly runner: RolloutRunner;
  readonly settings: ServiceSettings;
  readonly policies: Policies;
  readonly approvals: Approvals;
  readonly audit: AuditLog;
  readonly clock: Clock;
}

/** The routes of rollouts. */
export function rolloutRoutes(parts: RolloutParts): readonly Route[] {
  return [...changingRoutes(parts), ...showingRoutes(parts)];
}

function changingRoutes(parts: RolloutParts): readonly Route[] {
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

function showingRoutes({ rollouts }: RolloutParts): readonly Route[] {
  return [
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
