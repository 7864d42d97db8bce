// What the API accepts and gives of tokens.
import { z } from "zod";
import { roles } from "../../domain/access.ts";
import { texts } from "./texts.ts";

export const tokenSchema = z.object({
  id: z.string(),
  kind: z.string(),
  name: z.string(),
  role: z.enum(roles).optional(),
  environment: z.string().optional(),
  tags: texts.optional(),
  madeAt: z.string(),
  notAfter: z.string().optional(),
});

export const madeTokenSchema = tokenSchema.extend({ token: z.string() });

const hour = 3_600_000;

export const tokenRequestSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("person"),
    name: z.string().min(1).max(100),
    role: z.enum(roles),
    lifetimeMs: z.int().min(1).optional(),
  }),
  z.strictObject({
    kind: z.literal("join"),
    environment: z.string().default("production"),
    tags: texts.default({}),
    lifetimeMs: z
      .int()
      .min(1)
      .max(30 * 24 * hour)
      .default(hour),
  }),
]);
