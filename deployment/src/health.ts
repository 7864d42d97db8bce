// How a service is asked whether it is well.
import { anyText, object, oneOf, optional, type Shape, variants, whole } from "./shape.ts";

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

const longestMs = 24 * 60 * 60 * 1000;
const milliseconds = whole(0, longestMs);
/** Less would keep the machine busy with questions. */
const pauseMilliseconds = whole(10, longestMs);

/** The shape of `Health`. */
export const healthShape: Shape<Health> = variants<Health>({
  http: object<HttpHealth>({
    kind: oneOf("http"),
    socket: anyText.that((name) => name !== "", "must name a socket"),
    path: anyText.that(
      (path) => /^\/[!-~]*$/.test(path),
      "must begin with a slash and hold no spaces",
    ),
    intervalMs: pauseMilliseconds,
    timeoutMs: pauseMilliseconds,
    healthyAfter: whole(1, 1000),
    deadlineMs: pauseMilliseconds,
    minimumHealthyMs: milliseconds,
  }),
  listening: object<ListeningHealth>({
    kind: oneOf("listening"),
    deadlineMs: optional(milliseconds),
    minimumHealthyMs: optional(milliseconds),
  }),
  none: object<NoHealth>({
    kind: oneOf("none"),
    minimumHealthyMs: optional(milliseconds),
  }),
});
