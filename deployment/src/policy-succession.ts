// How one policy follows another, and who must have signed it.
import { type Opened, openEnvelope, type Refused } from "./envelope.ts";
import type { PublicKey } from "./minisign-key.ts";
import { differentKeys, type Policy } from "./policy.ts";

/** Whose signature a reader believes before it has seen any policy. */
export interface FirstTrust {
  readonly keys: readonly PublicKey[];
  readonly threshold: number;
}

/** What the next policy is held against. */
export interface Succession {
  readonly environment: string;
  /** The policy before it; absent before the first. */
  readonly before?: Policy | undefined;
  readonly first: FirstTrust;
  /** The serial under which it is kept. */
  readonly serial: number;
}

/** Opens the policy that is kept under a serial. Whether it has expired is not asked: its successor may not have. */
export function openNextPolicy(
  envelope: string,
  { environment, before, first, serial }: Succession,
): Opened<"policy"> | Refused {
  const trust = before === undefined ? first : administratorsOf(before);
  const opened = openEnvelope(envelope, { kind: "policy", ...trust, environment, nowMs: 0 });
  if ("refused" in opened || opened.serial === serial) return opened;
  return {
    refused: `the policy document kept as number ${serial} of ${environment} has the serial ${opened.serial}`,
    why: "serial",
  };
}

/** Who signs the policy after this one. */
export function administratorsOf({ administrators, quorum }: Policy): FirstTrust {
  return { keys: differentKeys(administrators), threshold: quorum };
}
