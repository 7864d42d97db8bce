// Which HTTP status says what on the keeper's control socket.
import type { AgentFailureCode } from "../domain/agent-failure.ts";

/** One status for every code. */
export const statusOf: Readonly<Record<AgentFailureCode, number>> = {
  bad_request: 400,
  not_found: 404,
  conflict: 409,
  address_in_use: 409,
  cannot_start: 422,
  failed_start: 422,
  failed_hook: 422,
  refused_document: 422,
  refused_revision: 422,
  forbidden: 403,
  disk_full: 507,
  disk_failed: 500,
  keeper_unreachable: 502,
  source_unavailable: 502,
};
