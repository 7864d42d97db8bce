// Which kept versions may go, by age, last use and size: decisions only, made from what is known of each.
import { type ModulePath, type ModuleVersion, matchesModulePatterns } from "@stoa/gomod";

/** Why a version stays although a rule says that it may go. */
export type Protection = "pattern" | "registered" | "private" | "vanished";

/** What may go. */
export interface RetentionRules {
  /** Versions that are kept for longer than this; 0 for no such rule. */
  readonly ageMs: number;
  /** Versions that were not used for this long; 0 for no such rule. */
  readonly unusedMs: number;
  /** As many as it takes for all zips together to be no larger, the longest unused first; 0 for no such rule. */
  readonly mostBytes: number;
  /** What never goes, in the grammar of GOPRIVATE. */
  readonly protect: string;
  /** Modules whose names nobody outside is told, in the same grammar. */
  readonly private: string;
  /** The protections that do not count this time. */
  readonly even: ReadonlySet<Exclude<Protection, "pattern">>;
}

/** A kept version, as far as retention looks at it. */
export interface KeptVersion {
  readonly module: ModuleVersion;
  /** Of its zip. */
  readonly bytes: number;
  /** When it came. */
  readonly kept: Date;
  /** When it was last asked for; when it came, or when counting began, if it was not asked for since. */
  readonly used: Date;
}

/** The rule by which a version may go. */
export type DueBy = "age" | "unused" | "size";

/** By age and last use alone. */
export function dueByTime(
  { kept, used }: KeptVersion,
  { ageMs, unusedMs }: Pick<RetentionRules, "ageMs" | "unusedMs">,
  now: Date,
): DueBy | undefined {
  if (ageMs > 0 && now.getTime() - kept.getTime() > ageMs) return "age";
  if (unusedMs > 0 && now.getTime() - used.getTime() > unusedMs) return "unused";
  return undefined;
}

/** Whether any rule is set: without one nothing ever goes. */
export function hasRule({ ageMs, unusedMs, mostBytes }: RetentionRules): boolean {
  return ageMs > 0 || unusedMs > 0 || mostBytes > 0;
}

/** What protects every version of a module. `vanished` and `registered` take asking. */
export function protectionOf(
  path: ModulePath,
  rules: Pick<RetentionRules, "protect" | "private" | "even">,
): Protection | undefined {
  if (rules.protect !== "" && matchesModulePatterns(rules.protect, path)) return "pattern";
  if (rules.even.has("private") || rules.private === "") return undefined;
  return matchesModulePatterns(rules.private, path) ? "private" : undefined;
}

/** The longest unused of many, of which no more are held in memory than `most`, and as many again. */
export class LongestUnused {
  readonly #most: number;
  #held: KeptVersion[] = [];
  #isTrimmed = false;

  constructor(most: number) {
    this.#most = most;
  }

  add(version: KeptVersion): void {
    this.#held.push(version);
    if (this.#held.length < 2 * this.#most) return;
    this.#held = this.inOrder().slice(0, this.#most);
    this.#isTrimmed = true;
  }

  /** Whether there were more than these. */
  get areMore(): boolean {
    return this.#isTrimmed || this.#held.length > this.#most;
  }

  /** The longest unused first. */
  inOrder(): KeptVersion[] {
    return this.#held.toSorted((a, b) => a.used.getTime() - b.used.getTime());
  }
}
