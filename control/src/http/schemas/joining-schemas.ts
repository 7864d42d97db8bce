// What a machine says that joins, and what it is told.
import { z } from "zod";
import { texts } from "./texts.ts";

export const challengeRequestSchema = z.strictObject({ token: z.string() });

export const challengeSchema = z.object({
  challenge: z.string(),
  /** The server's time, which is signed. */
  at: z.string(),
  environment: z.string(),
});

export const joinSchema = z.strictObject({
  token: z.string(),
  machine: z.string(),
  tags: texts.default({}),
  publicKey: z.string(),
  os: z.string(),
  arch: z.string(),
  agentVersion: z.string().default(""),
  challenge: z.string(),
  /** The signature under all of this, in minisign's format. */
  proof: z.string(),
});

export const joinedSchema = z.object({
  machineToken: z.string(),
  rootKey: z.string(),
  environment: z.string(),
  /** Those that it came with, and those of the join token. */
  tags: texts,
  pollMs: z.int(),
  settingsKeys: z.array(z.string()),
});
