// Routes of what is delivered: contents, revisions, settings.
import { settingsKeyLine } from "@stoa/deployment";
import { z } from "zod";
import { type Environments, unknownEnvironment } from "../../application/change-environments.ts";
import type { Revisions } from "../../application/keep-revisions.ts";
import { namesOf, type ServiceSettings } from "../../application/keep-settings.ts";
import type { Retention } from "../../application/prune-revisions.ts";
import type { AuditLog } from "../../application/record-audit.ts";
import type { BlobShelf } from "../../domain/blob-shelf.ts";
import type { SettingsKeys } from "../../domain/settings-keys.ts";
import { type Call, nameOf, param, type Route, route } from "../route.ts";
import {
  settingsKeysSchema,
  settingsRequestSchema,
  sha256Schema,
} from "../schemas/delivery-schemas.ts";

interface DeliveryParts {
  readonly environments: Environments;
  readonly blobs: BlobShelf;
  readonly revisions: Revisions;
  readonly retention: Retention;
  readonly settings: ServiceSettings;
  readonly settingsKeys: SettingsKeys;
  readonly audit: AuditLog;
}

/** The routes of what is delivered. */
export function deliveryRoutes(parts: DeliveryParts): readonly Route[] {
  return [...contentRoutes(parts), ...settingsRoutes(parts), ...settingsKeyRoutes(parts)];
}

function contentRoutes({ blobs, revisions, retention, audit }: DeliveryParts): readonly Route[] {
  return [
    route({
      method: "POST",
      path: "/blobs/missing",
      summary: "Which of these contents are not kept yet.",
      admission: "deploy",
      body: z.strictObject({ sha256: z.array(sha256Schema).max(100_000) }),
      answer: z.object({ sha256: z.array(z.string()) }),
      handle: async ({ body }) => {
        retention.spare(body.sha256);
        return { sha256: await revisions.missing(body.sha256) };
      },
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

function settingsRoutes({ environments, settings, audit }: DeliveryParts): readonly Route[] {
  const namesSchema = z.object({ names: z.array(z.string()) });
  return [
    route({
      method: "GET",
      path: "/environments/:environment/services/:service/settings",
      summary: "The names of a service's settings; values are never shown.",
      admission: "read",
      answer: namesSchema,
      handle: async (call) => {
        const environment = await knownEnvironment(environments, call);
        const found = await settings.read(environment, param(call, "service"));
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
        const environment = await knownEnvironment(environments, call);
        const service = param(call, "service");
        const { set, unset } = call.body;
        const names = await settings.change(environment, service, { set, unset }, async () => {
          await audit.record(nameOf(call), "settings.change", `${environment}/${service}`, {
            set: Object.keys(set).join(","),
            unset: unset.join(","),
          });
        });
        return { names };
      },
    }),
  ];
}

function settingsKeyRoutes(parts: DeliveryParts): readonly Route[] {
  const { environments, settings, settingsKeys, audit } = parts;
  return [
    route({
      method: "GET",
      path: "/environments/:environment/settings-keys",
      summary: "The keys of an environment's settings, for machines that join without this server.",
      admission: "admin",
      answer: settingsKeysSchema,
      handle: async (call) => {
        const environment = await knownEnvironment(environments, call);
        await audit.record(nameOf(call), "settings.keys.show", environment);
        return { settingsKeys: (await settingsKeys.of(environment)).map(settingsKeyLine) };
      },
    }),
    route({
      method: "POST",
      path: "/environments/:environment/settings-keys",
      summary:
        "Makes a new key and seals the settings with it; they go out with the next rollouts.",
      admission: "admin",
      answer: z.object({ services: z.array(z.string()) }),
      handle: async (call) => {
        const environment = await knownEnvironment(environments, call);
        await audit.record(nameOf(call), "settings.keys.renew", environment);
        return { services: await settings.renewKey(environment) };
      },
    }),
  ];
}

/** The environment of a call: settings under a misspelt name would reach nobody. Fails with `not_found`. */
async function knownEnvironment(environments: Environments, call: Call): Promise<string> {
  const environment = param(call, "environment");
  if ((await environments.read(environment)) !== undefined) return environment;
  throw unknownEnvironment(environment);
}
