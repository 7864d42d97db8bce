// stoa modules retain: removes what the rules say may go; says first what it would do.
import process from "node:process";
import { checkModulePatterns } from "@stoa/gomod";
import { openModuleProxy, type RetentionFinding, type RetentionSummary } from "@stoa/proxy";
import { openLog, openMetrics } from "@stoa/telemetry";
import { type ConfigurationPlace, readConfiguration } from "../config/configuration.ts";
import type { Overridable } from "../config/sections/housekeeping-settings.ts";
import { reportProblems } from "./config.ts";
import { dayMs } from "./housekeeping-settings.ts";
import { interruptedExitCode, interruption } from "./interruption.ts";
import { keptStorage } from "./kept-storage.ts";
import { ProgressLine } from "./progress-line.ts";
import { proxySettings } from "./proxy-settings.ts";

/** What the words of the command line say; where they say nothing, the configuration does. */
export interface RetainWords {
  readonly ageDays?: number;
  readonly unusedDays?: number;
  readonly size?: number;
  readonly protect?: string;
  readonly even?: readonly Overridable[];
  /** Without it nothing is removed. */
  readonly yes?: boolean;
  readonly json?: boolean;
}

/**
 * Prints each version that is, or would be, removed, and each that a rule names and that stays. Ends with exit code 1 if it
 * could not be found out whether some can be fetched again, and with 130 if it was interrupted.
 */
export async function retainModules(place: ConfigurationPlace, words: RetainWords): Promise<void> {
  const config = readConfiguration(place);
  reportProblems(config.problems);
  if (config.problems.length > 0) return;
  checkModulePatterns(words.protect ?? "");
  keptStorage(config.values);
  const signal = interruption();
  const settings = proxySettings(config);
  const { rules } = settings.housekeeping;
  const chosen = {
    ...rules,
    ageMs: words.ageDays === undefined ? rules.ageMs : words.ageDays * dayMs,
    unusedMs: words.unusedDays === undefined ? rules.unusedMs : words.unusedDays * dayMs,
    mostBytes: words.size === undefined ? rules.mostBytes : words.size * 2 ** 20,
    protect: [rules.protect, words.protect ?? ""].filter((text) => text !== "").join(","),
    even: words.even === undefined ? rules.even : new Set(words.even),
  };
  if (chosen.ageMs + chosen.unusedMs + chosen.mostBytes === 0) {
    throw new Error(
      "there is no rule: name --age-days, --unused-days or --size, or set STOA_RETAIN_AGE_DAYS, STOA_RETAIN_UNUSED_DAYS or STOA_RETAIN_SIZE",
    );
  }
  const tools = { log: openLog({ level: "error", format: "plain" }), metrics: openMetrics() };
  await using proxy = await openModuleProxy(settings, { ...tools, isServer: false });
  const isDone = words.yes === true;
  const progress = new ProgressLine();
  const tell = (finding: RetentionFinding): void => {
    progress.clear();
    process.stdout.write(
      words.json === true ? jsonLine(finding, isDone) : plainLine(finding, isDone),
    );
    progress.show(() => `${finding.module.path}@${finding.module.version}`);
  };
  try {
    const summary = await proxy.retain(chosen, isDone, signal, tell);
    progress.clear();
    (words.json === true ? process.stderr : process.stdout).write(sentence(summary, isDone));
    if (summary.unknown > 0) process.exitCode = 1;
  } catch (failure) {
    progress.clear();
    if (!signal.aborted) throw failure;
    process.stderr.write("stoa: interrupted; run the same command again to go on\n");
    process.exitCode = interruptedExitCode;
  }
}

const dueWords = { age: "too old", unused: "unused", size: "the storage is too large" } as const;
const protectionWords = {
  pattern: "protected by a pattern",
  registered: "a registered go.sum needs it",
  private: "private",
  vanished: "cannot be fetched again",
} as const;

function plainLine(finding: RetentionFinding, isDone: boolean): string {
  const { module, outcome, due, bytes, used, protection, sentence: why } = finding;
  const name = `${module.path}@${module.version}`;
  if (outcome === "removed") {
    const day = used.toISOString().slice(0, 10);
    return `${isDone ? "removed" : "would remove"} ${name} (${dueWords[due]}; ${bytes} bytes, last used ${day})\n`;
  }
  const because = protection === undefined ? "nobody can tell" : protectionWords[protection];
  return `keeps ${name} (${because}${why === undefined ? "" : `: ${why}`})\n`;
}

function jsonLine(
  { module, sentence: reason, ...rest }: RetentionFinding,
  isDone: boolean,
): string {
  const { kept, used, ...others } = rest;
  return `${JSON.stringify({ ...module, ...others, kept, used, reason, isDone })}\n`;
}

function sentence(summary: RetentionSummary, isDone: boolean): string {
  const { looked, removed, removedBytes, protected: stay, unknown } = summary;
  const what = `${removed} of ${looked} versions (${Math.ceil(removedBytes / 2 ** 20)} MiB)`;
  const untold = unknown === 0 ? "" : `, ${unknown} stay for nobody can tell about them`;
  const rest = `${stay} protected${untold}`;
  const end = isDone
    ? "restart running servers, which may hold their small files in memory"
    : "nothing has been removed: add --yes to do it";
  const more = summary.isUnfinished ? "; there are more: run it again" : "";
  return `${what} ${isDone ? "removed" : "would be removed"}, ${rest}${more}. ${end[0]?.toUpperCase()}${end.slice(1)}\n`;
}
