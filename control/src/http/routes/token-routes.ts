// Routes of tokens.
import { z } from "zod";
import type { Environments } from "../../application/change-environments.ts";
import type { TokenRecord, Tokens } from "../../application/keep-tokens.ts";
import type { AuditLog } from "../../application/record-audit.ts";
import { checkedName } from "../../domain/names.ts";
import { param, type Route, route } from "../route.ts";
import { madeTokenSchema, tokenRequestSchema, tokenSchema } from "../schemas/token-schemas.ts";

interface TokenParts {
  readonly tokens: Tokens;
  readonly environments: Environments;
  readonly audit: AuditLog;
}

/** The routes of tokens. */
export function tokenRoutes({ tokens, environments, audit }: TokenParts): readonly Route[] {
  return [
    route({
      method: "POST",
      path: "/tokens",
      summary: "Makes a token, which is shown this once.",
      admission: "admin",
      body: tokenRequestSchema,
      answer: madeTokenSchema,
      handle: async ({ body, principal }) => {
        const { lifetimeMs, ...said } = body;
        const use = said.kind === "join" ? { ...said, name: principal?.name ?? "" } : said;
        if (use.kind === "join") checkedName(use.environment, "an environment");
        const { token, record } = await tokens.make(use, lifetimeMs);
        const subject = use.kind === "join" ? use.environment : use.name;
        const details = { id: record.id, notAfter: record.notAfter ?? "" };
        await audit.record(principal?.name ?? "", `token.${use.kind}`, subject, details);
        if (use.kind === "join") await environments.ensure(use.environment);
        return { token, ...shown(record) };
      },
    }),
    route({
      method: "GET",
      path: "/tokens",
      summary: "All tokens, without what makes them work.",
      admission: "admin",
      answer: z.object({ tokens: z.array(tokenSchema) }),
      handle: async () => ({ tokens: (await tokens.list()).map(shown) }),
    }),
    route({
      method: "DELETE",
      path: "/tokens/:id",
      summary: "Revokes a token.",
      admission: "admin",
      handle: async (call) => {
        const record = await tokens.revoke(param(call, "id"));
        await audit.record(call.principal?.name ?? "", "token.revoke", record.use.name, {
          id: record.id,
        });
      },
    }),
  ];
}

function shown({ id, use, madeAt, notAfter }: TokenRecord): z.input<typeof tokenSchema> {
  return { id, ...use, madeAt, ...(notAfter === undefined ? {} : { notAfter }) };
}
