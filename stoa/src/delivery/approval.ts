// Approving a revision for an environment with keys of one's own.
import { type SecretKey, sealEnvelope } from "@stoa/deployment";
import type { ControlClient } from "./control-client.ts";

/** What is approved. */
export interface ApprovedRevision {
  readonly environment: string;
  readonly service: string;
  /** The whole id of the revision. */
  readonly revision: string;
}

/** Who has approved it. */
export interface Approvers {
  readonly approvers: readonly string[];
  readonly wanted: number;
}

/** Signs that the revision may run there, and hands that in. */
export async function giveApproval(
  client: ControlClient,
  approved: ApprovedRevision,
  keys: readonly SecretKey[],
  reason: string,
): Promise<Approvers> {
  const { environment, service, revision } = approved;
  const envelope = sealEnvelope("approval", { format: 1, environment, service, revision }, keys);
  const path = `/environments/${encodeURIComponent(environment)}/services/${encodeURIComponent(service)}/approvals/${revision}`;
  const given = await client.put<Approvers>(path, { envelope, reason });
  return given ?? { approvers: [], wanted: 0 };
}
