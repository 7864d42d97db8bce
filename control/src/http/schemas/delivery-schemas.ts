// What the API accepts and gives of contents and settings.
import { z } from "zod";
import { texts } from "./texts.ts";

export const sha256Schema = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in 64 lower-case hex digits");

export const settingsRequestSchema = z.strictObject({
  set: texts.default({}),
  unset: z.array(z.string()).default([]),
});

/** Keys of settings, as lines, the newest first. */
export const settingsKeysSchema = z.object({ settingsKeys: z.array(z.string()) });
