// Routes of a service that is to go: what that would take away, and that it goes.
import { z } from "zod";
import { planRemoval, type RemovalParts, removeService } from "../../application/remove-service.ts";
import { nameOf, param, type Route, route } from "../route.ts";

const path = "/environments/:environment/services/:service/removal";

const removalSchema = z.object({
  service: z.string(),
  environment: z.string(),
  revision: z.string(),
  version: z.string(),
  /** The one that brought it. */
  rollout: z.string(),
  /** The names of the machines that have it. */
  machines: z.array(z.string()),
  /** The names of the settings that go with it. */
  settings: z.array(z.string()),
});

/** The routes of removal. */
export function removalRoutes(parts: RemovalParts): readonly Route[] {
  return [
    route({
      method: "GET",
      path,
      summary: "What removing a service would take away; refused where the removal would be.",
      admission: "deploy",
      answer: removalSchema,
      handle: async (call) =>
        await planRemoval(parts, {
          environment: param(call, "environment"),
          service: param(call, "service"),
          owner: nameOf(call),
        }),
    }),
    route({
      method: "POST",
      path,
      summary:
        "Removes a service and its settings from an environment: machines stop it; history and revisions stay.",
      admission: "deploy",
      body: z.strictObject({ reason: z.string().max(500).default("") }),
      answer: removalSchema,
      handle: async (call) =>
        await removeService(parts, {
          environment: param(call, "environment"),
          service: param(call, "service"),
          owner: nameOf(call),
          reason: call.body.reason,
        }),
    }),
  ];
}
