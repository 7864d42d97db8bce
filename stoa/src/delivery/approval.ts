// Approving a revision for an environment with keys of one's own.
import { type SecretKey, sealEnvelope } from "@stoa/deployment";
import type { ControlClient } from "./control-client.ts";

/** What is approved. */
export interface ApprovedRevision {
  readonly environment: string;
  readonly service: string;
  /** The whole id of the revision. */
  readonly revision: string;
  /** With the settings that run now, and not with those that a rollout would bring. */
  readonly isRunning?: boolean;
}

/** Who has approved it. */
interface Approvers {
  readonly approvers: readonly string[];
  readonly wanted: number;
}

/** An approval as it was given. */
export interface GivenApproval extends Approvers {
  /** The names of the settings that it is about. */
  readonly names: readonly string[];
}

/** Signs that the revision may run there with its settings, and hands that in. Their values are known to nobody here. */
export async function giveApproval(
  client: ControlClient,
  approved: ApprovedRevision,
  keys: readonly SecretKey[],
  reason: string,
): Promise<GivenApproval> {
  const { environment, service, revision, isRunning = false } = approved;
  const path = `/environments/${encodeURIComponent(environment)}/services/${encodeURIComponent(service)}/approvals/${revision}`;
  const { settings, names } = await client.get<{ settings?: string; names: readonly string[] }>(
    `${path}?running=${isRunning}`,
  );
  const adding = settings === undefined ? {} : { settings };
  const approval = { format: 1, environment, service, revision, ...adding } as const;
  const envelope = sealEnvelope("approval", approval, keys);
  const given = await client.put<Approvers>(path, { envelope, reason, ...adding });
  return { ...(given ?? { approvers: [], wanted: 0 }), names };
}
