// What a client is told when the policy is why something is not here.
import type { PolicyDecision } from "./module-policy.ts";

/** Why nothing was fetched, as a sentence without the module's name. */
export function whyAbsent({ network, onMiss, reasons }: PolicyDecision): string {
  if (network === "offline") return "it is not kept here, and this proxy is offline (network mode)";
  const mode = reasons.find(({ topic }) => topic === "download mode")?.says;
  return onMiss.action === "queue"
    ? `it is not kept here yet, and is being fetched in the background (download mode ${mode}): ask again in a moment`
    : `it is not kept here, and must not be fetched (download mode ${mode})`;
}
