// Whether what an upstream says of a version now is what it said when it was kept.
import type { VersionInfo } from "@stoa/gomod";

/**
 * - `same`: as far as both say.
 * - `moved`: they name different commits.
 * - `doubtful`: they do not both name a commit, and their times differ. A commit's time is that of one commit, but proxies
 *   differ in what they call its time: only the bytes can tell.
 */
export type TagComparison = "same" | "moved" | "doubtful";

export function compareInfos(kept: VersionInfo, told: VersionInfo): TagComparison {
  const [from, to] = [kept.origin?.hash, told.origin?.hash];
  if (from !== undefined && to !== undefined) return from === to ? "same" : "moved";
  const [then, now] = [kept.time?.getTime(), told.time?.getTime()];
  return then === undefined || now === undefined || then === now ? "same" : "doubtful";
}

/** What is said of a tag that names another commit than it did. */
export function movedSentence(from: string | undefined, to: string | undefined): string {
  return `its tag was moved: it was commit ${from} when it was kept, and is ${to} now; the kept version stays`;
}
