// How a service is asked whether it is well.
import { z } from "zod";

/** Asks over HTTP; any status from 200 to 299 is a yes. */
export interface HttpHealth {
  readonly kind: "http";
  /** The name of the socket that is asked. */
  readonly socket: string;
  /** The path of the URL, from its slash on. */
  readonly path: string;
  /** From one question to the next. */
  readonly intervalMs: number;
  /** How long one answer may take. */
  readonly timeoutMs: number;
  /** So many yeses in a row make it healthy. */
  readonly healthyAfter: number;
  /** It must be healthy so long after its start, or the start has failed. */
  readonly deadlineMs: number;
  /** It must then stay healthy so long before it counts. */
  readonly minimumHealthyMs: number;
}

/** Takes connections on every one of its sockets. */
export interface ListeningHealth {
  readonly kind: "listening";
  readonly deadlineMs?: number;
  readonly minimumHealthyMs?: number;
}

/** Is not asked: alive is well. */
export interface NoHealth {
  readonly kind: "none";
  /** It must stay alive so long before it counts. */
  readonly minimumHealthyMs?: number;
}

/** How a service is asked whether it is well. */
export type Health = HttpHealth | ListeningHealth | NoHealth;

const milliseconds = z
  .int()
  .min(0)
  .max(24 * 60 * 60 * 1000);

/** The shape of `Health`. */
export const healthSchema: z.ZodType<Health> = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("http"),
    socket: z.string().min(1),
    path: z.string().regex(/^\/[!-~]*$/, {
      error: "must begin with a slash and hold no spaces",
    }),
    intervalMs: milliseconds.min(10),
    timeoutMs: milliseconds.min(10),
    healthyAfter: z.int().min(1).max(1000),
    deadlineMs: milliseconds.min(10),
    minimumHealthyMs: milliseconds,
  }),
  z.strictObject({
    kind: z.literal("listening"),
    deadlineMs: milliseconds.exactOptional(),
    minimumHealthyMs: milliseconds.exactOptional(),
  }),
  z.strictObject({
    kind: z.literal("none"),
    minimumHealthyMs: milliseconds.exactOptional(),
  }),
]);
