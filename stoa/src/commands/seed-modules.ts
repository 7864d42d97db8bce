// stoa modules seed: fetches what builds will ask for.
import process from "node:process";
import { openModuleProxy, type SeedResult } from "@stoa/proxy";
import { openLog, openMetrics } from "@stoa/telemetry";
import { type ConfigurationPlace, readConfiguration } from "../config/configuration.ts";
import { reportProblems } from "./config.ts";
import { interruptedExitCode, interruption } from "./interruption.ts";
import { ProgressLine } from "./progress-line.ts";
import { proxySettings } from "./proxy-settings.ts";
import { readSeedSource } from "./seed-sources.ts";

/** What the user wants. */
export interface SeedOptions {
  readonly tests?: boolean;
  readonly platform?: string;
  readonly json?: boolean;
}

/**
 * Names on stdout what is missing and why, shows its progress on a terminal, and ends with exit code 1 if anything is
 * missing; 130 if it was interrupted. To be run again at any time; servers may use the same storage.
 */
export async function seedModules(
  place: ConfigurationPlace,
  written: readonly string[],
  { tests = false, platform = ownPlatform(), json = false }: SeedOptions,
): Promise<void> {
  const config = readConfiguration(place);
  reportProblems(config.problems);
  if (config.problems.length > 0) return;
  const signal = interruption();
  const settings = proxySettings(config);
  if (settings.storage.kind === "memory") {
    throw new Error(
      "what is in memory ends with its process: seed a disk storage, or a server by POST /api/modules/seed",
    );
  }
  const toolchainOf = platform === "none" ? "" : platform;
  const sources = [];
  for (const one of written) sources.push(await readSeedSource(one, toolchainOf));
  const tally = new SeedTally(json);
  for (const { unusable } of sources) for (const why of unusable) tally.unusable(why);
  const tools = { log: openLog({ level: "error", format: "plain" }), metrics: openMetrics() };
  await using proxy = await openModuleProxy(settings, { ...tools, isServer: false });
  try {
    for (const source of sources) {
      await proxy.seed({ ...source, whole: tests }, tally, signal);
    }
  } catch (failure) {
    tally.end();
    if (!signal.aborted) throw failure;
    process.stderr.write(
      "stoa: interrupted; run the same command again to go on where it stopped\n",
    );
    process.exitCode = interruptedExitCode;
    return;
  }
  tally.end();
  if (tally.missing > 0) process.exitCode = 1;
}

/** In the words of Go. */
function ownPlatform(): string {
  const arch = { x64: "amd64", ia32: "386" }[process.arch as string] ?? process.arch;
  return `${process.platform === "win32" ? "windows" : process.platform}-${arch}`;
}

/** How many came out how, told while it happens. */
class SeedTally {
  readonly #json: boolean;
  readonly #progress = new ProgressLine();
  #counts = { present: 0, fetched: 0, missing: 0 };
  #expected = 0;

  constructor(json: boolean) {
    this.#json = json;
  }

  get missing(): number {
    return this.#counts.missing;
  }

  readonly expected = (count: number): void => {
    this.#expected += count;
  };

  readonly result = ({ module, wanted, outcome, sentence }: SeedResult): void => {
    this.#counts[outcome] += 1;
    const name = `${module.path}@${module.version}`;
    const what = wanted === "mod" ? `the go.mod of ${name}` : name;
    this.#say(outcome === "missing" ? `missing: ${what}: ${sentence ?? ""}` : undefined, {
      ...{ module: module.path, version: module.version, wanted, outcome, sentence },
    });
    this.#progress.show(() => `${this.#bar()} ${name}`);
  };

  unusable(sentence: string): void {
    this.#counts.missing += 1;
    this.#say(`unusable: ${sentence}`, { outcome: "unusable", sentence });
  }

  end(): void {
    this.#progress.clear();
    const { present, fetched, missing } = this.#counts;
    const sentence = `${fetched} fetched, ${present} there already, ${missing} missing\n`;
    (this.#json ? process.stderr : process.stdout).write(sentence);
  }

  #say(line: string | undefined, entry: object): void {
    const text = this.#json ? JSON.stringify(entry) : line;
    if (text === undefined) return;
    this.#progress.clear();
    process.stdout.write(`${text}\n`);
  }

  #bar(): string {
    const { present, fetched, missing } = this.#counts;
    const done = present + fetched + missing;
    const filled = Math.min(20, Math.round((20 * done) / Math.max(1, this.#expected, done)));
    return `[${"#".repeat(filled)}${".".repeat(20 - filled)}] ${done} of ${this.#expected}, ${missing} missing:`;
  }
}
