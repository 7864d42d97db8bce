// What the API accepts and gives of rollouts.
import { z } from "zod";

const tagQuerySchema = z.array(
  z
    .array(z.strictObject({ key: z.string().exactOptional(), value: z.string().exactOptional() }))
    .min(1),
);

const longestMs = 24 * 3_600_000;

export const rolloutRequestSchema = z.strictObject({
  revision: z
    .string()
    .regex(
      /^[0-9a-f]{8,64}$/,
      "must be the id of a revision, or eight of its digits or more: stoa history shows them",
    ),
  kind: z.enum(["deploy", "rollback"]).default("deploy"),
  /** A promotion: the environment that must run just this revision, and run it well. */
  from: z.string().optional(),
  reason: z.string().max(500).default(""),
  /** all-at-once, half, one-at-a-time, 25%, minimum-healthy:6, minimum-healthy:40%, canary:1:half */
  strategy: z.string().optional(),
  selector: tagQuerySchema.optional(),
  stopAt: z.enum(["first-failure", "health-floor"]).optional(),
  /** Whether machines that were touched go back when it fails. */
  rollBack: z.boolean().optional(),
  bakeMs: z.int().min(0).max(longestMs).optional(),
  /** How long a machine may take. */
  deadlineMs: z.int().min(1_000).max(longestMs).optional(),
});

export const rolloutSchema = z.object({
  id: z.string(),
  environment: z.string(),
  service: z.string(),
  revision: z.string(),
  version: z.string(),
  previous: z.string().optional(),
  kind: z.string(),
  owner: z.string(),
  reason: z.string(),
  strategy: z.string(),
  state: z.enum([
    "rolling",
    "baking",
    "rolling-back",
    "succeeded",
    "failed",
    "rolled-back",
    "cancelled",
  ]),
  held: z.boolean(),
  sentence: z.string(),
  startedAt: z.string(),
  endedAt: z.string().optional(),
  waves: z.array(z.array(z.string())),
  waiting: z.array(z.string()),
  machines: z.record(
    z.string(),
    z.object({
      state: z.string(),
      since: z.string(),
      step: z.string().optional(),
      sentence: z.string().optional(),
      lastLines: z.array(z.string()).optional(),
    }),
  ),
  notes: z.array(
    z.object({
      number: z.int(),
      at: z.string(),
      machine: z.string().optional(),
      sentence: z.string(),
    }),
  ),
  /** The service was removed after it. */
  removed: z.object({ at: z.string(), owner: z.string(), reason: z.string() }).optional(),
});

export const startedSchema = z.object({ rollout: rolloutSchema, unchanged: z.boolean() });
