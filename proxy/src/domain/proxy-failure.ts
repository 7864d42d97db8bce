// The closed set of ways in which a request for a module can fail.
import type { ModulePath } from "@stoa/gomod";

/**
 * - `not_found`: the module or version does not exist. Nothing else may use this code: an outage is never "not found".
 * - `bad_request`: the request cannot mean anything (malformed path, escape or version).
 * - `refused`: it may exist, but the configuration says no (`GOPROXY=off`, a policy).
 * - `unsupported`: it may exist, but this program cannot get it that way.
 * - `loop`: the chain of upstreams leads back to this program.
 * - `upstream_unavailable`: an upstream could not be reached, or answered with an error or with nonsense.
 * - `invalid_module`: an upstream delivered bytes that are not this module version.
 * - `checksum_mismatch`: the bytes are not those that the checksum database has on record, or the database contradicts
 *   itself. Somebody may be at work who should not be.
 * - `altered_module`: the bytes differ from those kept before under the same version.
 * - `timed_out`: an upstream was too slow.
 * - `overloaded`: the queue is full; asking again later makes sense.
 * - `store_unavailable`: what keeps the modules cannot be read or written.
 */
export type ProxyFailureCode =
  | "not_found"
  | "bad_request"
  | "refused"
  | "unsupported"
  | "loop"
  | "upstream_unavailable"
  | "invalid_module"
  | "checksum_mismatch"
  | "altered_module"
  | "timed_out"
  | "overloaded"
  | "store_unavailable";

/** What a failure is about, said wherever it is known. */
export interface FailureSubject {
  readonly path: ModulePath;
  /** A canonical version or a query such as `latest` or `main`; absent where the whole module is meant. */
  readonly version?: string;
}

/**
 * A request for a module failed in a way that is part of the product. `message` is one plain sentence for the developer
 * who reads it in the go command's output. It does not repeat the subject, and it holds no credential.
 */
export class ProxyFailure extends Error {
  readonly code: ProxyFailureCode;
  readonly subject: FailureSubject | undefined;

  constructor(
    code: ProxyFailureCode,
    message: string,
    options: { readonly subject?: FailureSubject | undefined; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "ProxyFailure";
    this.code = code;
    this.subject = options.subject;
  }
}

/** Whether the failure says that nobody could or would answer, and nothing about the module itself. */
export function isUpstreamTrouble(failure: unknown): failure is ProxyFailure {
  if (!(failure instanceof ProxyFailure)) return false;
  return !["not_found", "bad_request", "store_unavailable"].includes(failure.code);
}
