// A line of a log, as agents send it.
import { z } from "zod";

export const logLineSchema = z.strictObject({
  service: z.string(),
  revision: z.string(),
  at: z.string(),
  stream: z.enum(["stdout", "stderr", "agent"]),
  text: z.string(),
});
