// What the status of an upstream's answer means, where it is not the answer itself.
import { STATUS_CODES } from "node:http";
import { type FailureSubject, ProxyFailure } from "../../domain/proxy-failure.ts";
import { PassingFailure } from "./retries.ts";

/** An answer that is none. */
export interface StatusScene {
  readonly status: number;
  /** What the upstream says about it, if it says anything: see `upstreamReason`. */
  readonly reason: string | undefined;
  /** Without credentials. */
  readonly host: string;
  readonly subject: FailureSubject | undefined;
  /** The header of that name. */
  readonly retryAfter: string | undefined;
}

/**
 * Only 404 and 410 say that something does not exist (go.dev/ref/mod#goproxy-protocol), and even they only if the
 * upstream has looked: the public mirror says 404 where its own fetch took more than a minute (golang/go#57185).
 */
export function statusFailure(scene: StatusScene): ProxyFailure {
  const { status, host, subject } = scene;
  const said = scene.reason ?? `${status} ${STATUS_CODES[status] ?? ""}`.trim();
  const options = { subject, afterMs: secondsIn(scene.retryAfter) * 1000 };
  switch (status) {
    case 404:
    case 410:
      if (/\bfetch timed out\b/.test(said)) {
        const advice = "it may have it soon, so ask again in a few minutes";
        return new ProxyFailure("timed_out", `${host} says: ${said}; ${advice}`, options);
      }
      return new ProxyFailure("not_found", `${host} says: ${said}`, options);
    case 401: {
      const advice = "check the credentials for it in .netrc or in the GOPROXY list";
      return new ProxyFailure("upstream_unavailable", `${host} says: ${said}; ${advice}`, options);
    }
    case 403:
      return new ProxyFailure("refused", `${host} says: ${said}`, options);
    case 429:
    case 502:
    case 503:
      return new PassingFailure("upstream_unavailable", `${host} says: ${said}`, options);
    case 504:
      return new PassingFailure("timed_out", `${host} says: ${said}`, options);
    case 508:
      return new ProxyFailure("loop", `${host} says: ${said}`, options);
    default:
      return new ProxyFailure("upstream_unavailable", `${host} says: ${said}`, options);
  }
}

/** The seconds of a `Retry-After`; 0 where it holds none. Dates are not understood. */
function secondsIn(retryAfter: string | undefined): number {
  return /^\d{1,6}$/.test(retryAfter ?? "") ? Number(retryAfter) : 0;
}
