// What the API accepts and gives of machines.
import { architectures } from "@stoa/deployment";
import { z } from "zod";
import { texts } from "./texts.ts";

const serviceStatusSchema = z.object({
  desired: z.string().optional(),
  running: z.string().optional(),
  state: z.string(),
  step: z.string().optional(),
  sentence: z.string(),
  since: z.string(),
  restarts: z.int(),
  health: z.string(),
  addresses: texts.optional(),
  lastLines: z.array(z.string()).optional(),
});

export const machineSchema = z.object({
  machine: z.string(),
  environment: z.string(),
  tags: texts,
  os: z.string(),
  arch: z.string(),
  joinedAt: z.string(),
  reachable: z.boolean(),
  heardAt: z.string().optional(),
  agentVersion: z.string().optional(),
  seenSerial: z.int().optional(),
  /** `store`: it reads the store of documents itself, and says there how it is. */
  via: z.literal("store").optional(),
  services: z.record(z.string(), serviceStatusSchema),
});

export const storeMachineSchema = z.strictObject({
  machine: z.string(),
  environment: z.string().default("production"),
  tags: texts.default({}),
  arch: z.enum(architectures).default("amd64"),
  /** The machine's own minisign public key. */
  publicKey: z.string(),
});

export const whySchema = machineSchema.extend({ decisions: z.array(z.string()) });
