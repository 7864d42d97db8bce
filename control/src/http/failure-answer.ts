// Which status belongs to which failure; the only place that knows.
import { ControlFailure, type ControlFailureCode } from "../domain/control-failure.ts";

const statuses = {
  bad_request: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  digest_mismatch: 422,
  too_large: 413,
  no_machines: 409,
  store_full: 507,
  store_unavailable: 503,
} as const satisfies Record<ControlFailureCode, number>;

/** The answer to a failure: a sentence and its code as JSON. What is no `ControlFailure` is a fault of ours. */
export function failureAnswer(failure: unknown): Response {
  if (!(failure instanceof ControlFailure)) {
    return Response.json(
      { error: { code: "internal", message: "the server failed to answer; its log says why" } },
      { status: 500 },
    );
  }
  const { code, message } = failure;
  const headers: Record<string, string> =
    code === "unauthenticated" ? { "WWW-Authenticate": 'Bearer realm="stoa"' } : {};
  return Response.json({ error: { code, message } }, { status: statuses[code], headers });
}
