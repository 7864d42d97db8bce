// stoa modules import | export: versions from one place to another.
import process from "node:process";
import { text } from "node:stream/consumers";
import { type MoveResult, type OpenVersionMove, openVersionMove } from "@stoa/proxy";
import { openLog, openMetrics } from "@stoa/telemetry";
import { type ConfigurationPlace, readConfiguration } from "../config/configuration.ts";
import { readNamedFile } from "../config/unreadable-file.ts";
import { reportProblems } from "./config.ts";
import { interruptedExitCode, interruption } from "./interruption.ts";
import { namedStorage } from "./named-storage.ts";
import { ProgressLine } from "./progress-line.ts";
import { proxySettings } from "./proxy-settings.ts";

/** What the user wants. */
export interface MoveOptions {
  /** As the user wrote them; without one, the configured storage is meant. */
  readonly from?: string;
  readonly to?: string;
  /** What `from` is called where that is not how the user wrote it. */
  readonly called?: string;
  /** The file of a list, or `-`. */
  readonly list?: string;
  readonly compare?: boolean;
  readonly json?: boolean;
  /** Whether the checksum database is asked. */
  readonly confirm: boolean;
}

/**
 * Names on stdout what was not moved and why, shows its progress on a terminal, and ends with exit code 1 if anything that
 * the source has is not there afterwards; 130 if it was interrupted. To be run again at any time.
 */
export async function moveModules(place: ConfigurationPlace, options: MoveOptions): Promise<void> {
  const config = readConfiguration(place);
  reportProblems(config.problems);
  if (config.problems.length > 0) return;
  const signal = interruption();
  const list = options.list === undefined ? undefined : await readList(options.list);
  const [from, to] = [options.from, options.to].map(
    (written) => written && namedStorage(written, config.values, place),
  );
  const { confirm } = options;
  const tools = { log: openLog({ level: "warn", format: "plain" }), metrics: openMetrics() };
  const opened = await openVersionMove(proxySettings(config), { from, to, list, confirm }, tools);
  await using _closed = opened;
  await run(opened, options, signal);
}

async function run(
  { move, from, to }: OpenVersionMove,
  { json = false, compare = false, called = from }: MoveOptions,
  signal: AbortSignal,
): Promise<void> {
  const progress = new ProgressLine();
  const tally = new Tally();
  if (progress.isSeen) void move.count(signal).then(tally.expect, () => undefined);
  const result = (one: MoveResult): void => {
    tally.add(one);
    const line = json ? jsonLine(one) : plainLine(one);
    if (line !== undefined) {
      progress.clear();
      process.stdout.write(line);
    }
    progress.show(() => tally.progress(one.name));
  };
  try {
    await move.run({ thorough: compare, result }, signal);
  } catch (failure) {
    progress.clear();
    if (!signal.aborted) {
      process.stderr.write(`${tally.sentence()}\n`);
      throw new Error(`${messageOf(failure)}. ${goingOn}`, { cause: failure });
    }
    process.stderr.write(`stoa: interrupted; ${tally.sentence()}. ${goingOn}\n`);
    process.exitCode = interruptedExitCode;
    return;
  }
  progress.clear();
  const summary = `from ${called} to ${to}: ${tally.sentence()}\n`;
  (json ? process.stderr : process.stdout).write(summary);
  if (tally.isIncomplete) process.exitCode = 1;
}

const goingOn = "Nothing is half done: run the same command again to go on where it stopped";

async function readList(file: string): Promise<string> {
  return file === "-" ? await text(process.stdin) : readNamedFile(file);
}

/** In the order in which they are told. */
const words = {
  moved: "moved",
  loose: "without a zip, of which the small files were moved",
  present: "there already",
  skipped: "skipped",
  altered: "ALTERED",
  refused: "refused",
  failed: "failed",
} as const satisfies Record<MoveResult["outcome"], string>;

const outcomes = Object.keys(words) as readonly (keyof typeof words)[];

/** How many came out how. */
class Tally {
  readonly #counts = new Map<MoveResult["outcome"], number>();
  #done = 0;
  #expected: number | undefined;

  readonly expect = (count: number): void => {
    this.#expected = count;
  };

  add({ outcome }: MoveResult): void {
    this.#done += 1;
    this.#counts.set(outcome, this.#count(outcome) + 1);
  }

  /** Whether something that is in the source is not in the target. */
  get isIncomplete(): boolean {
    return this.#count("altered") + this.#count("refused") + this.#count("failed") > 0;
  }

  sentence(): string {
    const parts = outcomes
      .filter((outcome) => this.#count(outcome) > 0)
      .map((outcome) => `${this.#count(outcome)} ${words[outcome]}`);
    return parts.length === 0 ? "no versions" : `${this.#done} versions: ${parts.join(", ")}`;
  }

  progress(name: string): string {
    const total = this.#expected === undefined ? "" : ` of ${this.#expected}`;
    const bad = this.#count("altered") + this.#count("refused") + this.#count("failed");
    return `${this.#done}${total}, ${this.#count("moved")} moved, ${bad} not: ${name}`;
  }

  #count(outcome: MoveResult["outcome"]): number {
    return this.#counts.get(outcome) ?? 0;
  }
}

/** Only what somebody may want to know. */
function plainLine({ outcome, name, sentence }: MoveResult): string | undefined {
  if (outcome === "moved" || outcome === "present" || outcome === "loose") return undefined;
  return `${words[outcome]}: ${name}: ${sentence ?? ""}\n`;
}

function jsonLine({ module, name, outcome, sentence }: MoveResult): string {
  return `${JSON.stringify({ ...(module ?? { place: name }), outcome, sentence })}\n`;
}

function messageOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}
