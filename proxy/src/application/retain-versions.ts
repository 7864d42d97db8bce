// Retention: removes what the rules say may go, and nothing that must not.
import type { ModuleVersion } from "@stoa/gomod";
import type { KeepLists } from "../domain/keep-lists.ts";
import type { Leases } from "../domain/leases.ts";
import { ProxyFailure } from "../domain/proxy-failure.ts";
import {
  type DueBy,
  dueByTime,
  hasRule,
  type KeptVersion,
  LongestUnused,
  type Protection,
  protectionOf,
  type RetentionRules,
} from "../domain/retention.ts";
import type { RefetchCheck } from "./check-refetch.ts";
import { AlreadyAtWork } from "./schedule-work.ts";
import { isUntouched, keptVersions, type SurveyParts } from "./survey-versions.ts";
import { workThrough } from "./work-through.ts";

export interface RetentionParts {
  readonly survey: SurveyParts;
  readonly keepLists: Pick<KeepLists, "versionsOf">;
  readonly refetch: Pick<RefetchCheck, "ask">;
  readonly leases: Leases;
  /** Takes a version out of the store; says nothing if it is gone already. */
  readonly remove: (module: ModuleVersion, isRefetchable: boolean) => Promise<void>;
}

/** What was found about a version that a rule names. */
export interface RetentionFinding extends KeptVersion {
  readonly due: DueBy;
  /** `removed` is what would be, where nothing is to be done. */
  readonly outcome: "removed" | "protected" | "unknown";
  readonly protection?: Protection | undefined;
  /** Why it stays. */
  readonly sentence?: string | undefined;
}

/** What came of it. Bytes are those of zips. */
export interface RetentionSummary {
  readonly looked: number;
  readonly bytes: number;
  readonly removed: number;
  readonly removedBytes: number;
  readonly protected: number;
  /** Whether nobody could tell if they could be fetched again. */
  readonly unknown: number;
  /** Whether more is due than one run looks at. */
  readonly isUnfinished: boolean;
}

/** So many versions are considered in one run; the next goes on. */
const mostAtOnce = 50_000;
/** A few at a time, for each takes asking an upstream. */
const askedAtOnce = 4;

export class Retention {
  readonly #parts: RetentionParts;

  constructor(parts: RetentionParts) {
    this.#parts = parts;
  }

  /**
   * Goes through the store once. Unless `isDone`, it only tells what it would do. Rejects with `bad_request` if there is no
   * rule, with `AlreadyAtWork`, with `store_unavailable`, or the signal's reason.
   */
  async run(
    rules: RetentionRules,
    { isDone }: { readonly isDone: boolean },
    signal: AbortSignal,
    tell: (finding: RetentionFinding) => void,
  ): Promise<RetentionSummary> {
    if (!hasRule(rules)) {
      throw new ProxyFailure("bad_request", "there is no rule by which anything may go");
    }
    if (!isDone) return await this.#run(rules, isDone, signal, tell);
    const lease = await this.#parts.leases.take("retention");
    if (lease === undefined) {
      throw new AlreadyAtWork("another process of this fleet is at it; one is enough");
    }
    await using _held = lease;
    return await this.#run(rules, isDone, signal, tell);
  }

  async #run(
    rules: RetentionRules,
    isDone: boolean,
    signal: AbortSignal,
    tell: (finding: RetentionFinding) => void,
  ): Promise<RetentionSummary> {
    const now = new Date();
    const due = new LongestUnused(mostAtOnce);
    const others = new LongestUnused(mostAtOnce);
    const counts = { looked: 0, bytes: 0, removed: 0, removedBytes: 0, protected: 0, unknown: 0 };
    for await (const version of keptVersions(this.#parts.survey, signal)) {
      counts.looked += 1;
      counts.bytes += version.bytes;
      if (dueByTime(version, rules, now) !== undefined) due.add(version);
      else if (rules.mostBytes > 0) others.add(version);
    }
    const consider = async (version: KeptVersion, by: DueBy): Promise<void> => {
      signal.throwIfAborted();
      const finding = await this.#consider(version, by, { rules, isDone }, signal);
      if (finding === undefined) return;
      counts[finding.outcome] += 1;
      if (finding.outcome === "removed") counts.removedBytes += finding.bytes;
      tell(finding);
    };
    await workThrough(due.inOrder().slice(0, mostAtOnce), askedAtOnce, (version) =>
      consider(version, dueByTime(version, rules, now) ?? "size"),
    );
    const isTooLarge = (): boolean =>
      rules.mostBytes > 0 && counts.bytes - counts.removedBytes > rules.mostBytes;
    for (const version of others.inOrder().slice(0, mostAtOnce)) {
      if (!isTooLarge()) break;
      await consider(version, "size");
    }
    return { ...counts, isUnfinished: due.areMore || (isTooLarge() && others.areMore) };
  }

  /** `undefined` if it is gone, or was used meanwhile and is not due any more. */
  async #consider(
    version: KeptVersion,
    due: DueBy,
    { rules, isDone }: { readonly rules: RetentionRules; readonly isDone: boolean },
    signal: AbortSignal,
  ): Promise<RetentionFinding | undefined> {
    const { module } = version;
    const stays = await this.#protection(module, rules);
    if (stays !== undefined) {
      return { ...version, due, outcome: "protected", protection: stays };
    }
    const isAsked = !rules.even.has("vanished");
    const refetch = isAsked ? await this.#parts.refetch.ask(module, signal) : undefined;
    if (refetch?.answer === "no") {
      const { why } = refetch;
      return { ...version, due, outcome: "protected", protection: "vanished", sentence: why };
    }
    if (refetch?.answer === "unknown") {
      return { ...version, due, outcome: "unknown", sentence: refetch.why };
    }
    if (isDone) {
      // Asking took its time: somebody may have used or registered it.
      if (!(await isUntouched(this.#parts.survey, version)) && due !== "age") return undefined;
      const late = await this.#protection(module, rules);
      if (late !== undefined) return { ...version, due, outcome: "protected", protection: late };
      await this.#parts.remove(module, refetch?.answer === "yes");
    }
    return { ...version, due, outcome: "removed" };
  }

  async #protection(
    { path, version }: ModuleVersion,
    rules: RetentionRules,
  ): Promise<Protection | undefined> {
    const always = protectionOf(path, rules);
    if (always !== undefined || rules.even.has("registered")) return always;
    return (await this.#parts.keepLists.versionsOf(path)).has(version) ? "registered" : undefined;
  }
}
