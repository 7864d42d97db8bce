// Routes of machines that join: with a token and a proof of their key, and what they are told then and later.
import { settingsKeyLine } from "@stoa/deployment";
import type { Environments } from "../../application/change-environments.ts";
import type { MachineJoins } from "../../application/join-machines.ts";
import type { AuditLog } from "../../application/record-audit.ts";
import type { SettingsKeys } from "../../domain/settings-keys.ts";
import { type Route, route } from "../route.ts";
import { settingsKeysSchema } from "../schemas/delivery-schemas.ts";
import {
  challengeRequestSchema,
  challengeSchema,
  joinedSchema,
  joinSchema,
} from "../schemas/joining-schemas.ts";

interface JoinParts {
  readonly joins: MachineJoins;
  readonly environments: Environments;
  readonly audit: AuditLog;
  readonly settingsKeys: SettingsKeys;
  readonly rootKey: string;
  readonly pollMs: number;
  /** From where a request came. */
  readonly hostOf: (request: Request) => string | undefined;
}

/** The routes of machines that join. */
export function joinRoutes(parts: JoinParts): readonly Route[] {
  const { joins, environments, audit, settingsKeys, rootKey, pollMs, hostOf } = parts;
  return [
    route({
      method: "POST",
      path: "/join/challenge",
      summary: "What a machine with a join token has to sign so that it may join.",
      admission: "anybody",
      body: challengeRequestSchema,
      answer: challengeSchema,
      handle: async ({ body }) => await joins.challenge(body.token),
    }),
    route({
      method: "POST",
      path: "/join",
      summary:
        "A machine joins with a join token and a proof that it holds its key, and is given a token of its own.",
      admission: "anybody",
      body: joinSchema,
      answer: joinedSchema,
      handle: async ({ body, request }) => {
        const { record, token } = await joins.join(body, hostOf(request), async (one) => {
          const { machine, environment, os, arch } = one;
          await environments.ensure(environment);
          await audit.record(machine, "machine.join", environment, { machine, os, arch });
        });
        const { environment, tags } = record;
        const lines = await keyLines(settingsKeys, environment);
        const told = { rootKey, environment, tags, pollMs, settingsKeys: lines };
        return { machineToken: token, ...told };
      },
    }),
    route({
      method: "GET",
      path: "/settings-keys",
      summary: "The keys of the settings of the machine's environment.",
      admission: "machine",
      answer: settingsKeysSchema,
      handle: async ({ principal }) => ({
        settingsKeys:
          principal?.kind === "machine" ? await keyLines(settingsKeys, principal.environment) : [],
      }),
    }),
  ];
}

async function keyLines(keys: SettingsKeys, environment: string): Promise<string[]> {
  return (await keys.of(environment)).map(settingsKeyLine);
}
