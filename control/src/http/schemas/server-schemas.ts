// What the API gives of the server itself and of services at a glance.
import { z } from "zod";

export const serverSchema = z.object({
  product: z.literal("stoa"),
  version: z.string(),
  /** The path under which the module proxy is found; empty for the root. */
  goproxyPath: z.string(),
  rootKey: z.string(),
});

export const serviceSchema = z.object({
  service: z.string(),
  environment: z.string(),
  revision: z.string(),
  version: z.string(),
  rollout: z.string(),
  /** How many machines run it, of how many that should. */
  running: z.int(),
  machines: z.int(),
  state: z.string(),
  /** When its last rollout began. */
  since: z.string(),
  /** Where it is found, if that can be told. */
  url: z.string().optional(),
});
