// Which kept versions it is the turn of to be asked about anew.
import { createHash } from "node:crypto";
import type { ModuleVersion } from "@stoa/gomod";

const dayMs = 86_400_000;

/** The number of a day since 1970. */
export function dayOf(timeMs: number): number {
  return Math.floor(timeMs / dayMs);
}

/**
 * Each version has its turn on one day of every `days`, so that nothing has to be remembered of any. Those are due whose day
 * has come since the last round, on `last`; without one, those of today.
 */
export function dueSince(
  last: number | undefined,
  { days, today }: { readonly days: number; readonly today: number },
): (module: ModuleVersion) => boolean {
  const turns = last === undefined ? 1 : Math.min(days, today - last);
  return (module) => {
    const agoDays = (((today - turnOf(module, days)) % days) + days) % days;
    return agoDays < turns;
  };
}

function turnOf({ path, version }: ModuleVersion, days: number): number {
  return createHash("sha256").update(`${path}@${version}`).digest().readUInt32BE() % days;
}
