// What the services of an environment's index become by what is kept of one rollout.
import {
  type Assignment,
  canonicalJson,
  type WantedAssignment,
  wantedAssignment,
} from "@stoa/deployment";
import type { RolloutRecord } from "./rollout-record.ts";

type Services = Readonly<Record<string, Assignment>>;

/**
 * The services as the rollout wants them, under the next serial of the index; undefined where they are so already. After a
 * removal that is without its own assignment: what another rollout has written stays.
 */
export function wantedServices(
  { rollout, removed }: Pick<RolloutRecord, "rollout" | "removed">,
  services: Services,
  serial: number,
): Services | undefined {
  const { id, service } = rollout;
  const present = Object.hasOwn(services, service) ? services[service] : undefined;
  if (removed !== undefined) {
    if (present?.rollout !== id) return undefined;
    const { [service]: _, ...others } = services;
    return others;
  }
  const wanted = wantedAssignment(rollout);
  if (present !== undefined && isSame(present, wanted)) return undefined;
  return { ...services, [service]: { ...wanted, serial } };
}

function isSame({ serial: _, ...present }: Assignment, wanted: WantedAssignment): boolean {
  return canonicalJson(present) === canonicalJson(wanted);
}
