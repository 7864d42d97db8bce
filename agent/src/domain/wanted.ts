// What the newest index says about a service of this machine.
import { createHash } from "node:crypto";
import { canonicalJson } from "@stoa/deployment";
import { isSame, type Refused, type ServiceJournal, type Target } from "./service-journal.ts";

/** What a service should run here; `undefined` in its place means that it should not run here. */
export interface Wanted {
  readonly revision: string;
  readonly rollout: string;
  readonly serial: number;
  readonly settings: Readonly<Record<string, string>>;
}

/** What a try is for: another rollout of the same revision is another one. */
export function keyOf(wanted: Wanted | undefined): string {
  return wanted === undefined ? "nothing" : `${wanted.revision} ${wanted.rollout}`;
}

/** The target that an assignment means. */
export function targetOf({ revision, settings }: Wanted): Target {
  return {
    release: revision,
    settings: createHash("sha256").update(canonicalJson(settings)).digest("hex"),
  };
}

/** Why it is not tried again, if this very thing has been refused here. */
export function refusalOf(
  wanted: Wanted | undefined,
  journal: ServiceJournal | undefined,
): Refused | undefined {
  const refused = journal?.refused;
  if (wanted === undefined || refused === undefined) return undefined;
  return isSame(targetOf(wanted), refused) && refused.rollout === wanted.rollout
    ? refused
    : undefined;
}
