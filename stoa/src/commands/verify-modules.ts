// stoa modules verify: is every kept module what it should be?
import process from "node:process";
import { type Finding, openStoreVerification } from "@stoa/proxy";
import { openLog, openMetrics } from "@stoa/telemetry";
import { type ConfigurationPlace, readConfiguration } from "../config/configuration.ts";
import { reportProblems } from "./config.ts";
import { interruptedExitCode, interruption } from "./interruption.ts";
import { keptStorage } from "./kept-storage.ts";
import { ProgressLine } from "./progress-line.ts";
import { proxySettings } from "./proxy-settings.ts";
import { namingTheKey } from "./storage-settings.ts";

/** What the user wants. */
export interface VerifyOptions {
  readonly full: boolean;
  readonly quarantine: boolean;
  readonly json: boolean;
}

const progressEvery = 1000;

/**
 * Names every version that is bad or could not be confirmed on stdout, tells its progress on stderr, and ends with exit
 * code 1 if there was any; 130 if it was interrupted.
 */
export async function verifyModules(
  place: ConfigurationPlace,
  { full, quarantine, json }: VerifyOptions,
): Promise<void> {
  const config = readConfiguration(place);
  reportProblems(config.problems);
  if (config.problems.length > 0) return;
  if (config.values.storageType === "disk") keptStorage(config.values);
  const log = openLog({ level: "error", format: "plain" });
  const opened = await namingTheKey(config, async () =>
    openStoreVerification(proxySettings(config), { log, metrics: openMetrics() }),
  );
  await using _closed = opened;
  const { verification } = opened;
  const signal = interruption();
  const modules = await verification.versions();
  const tally = new Tally(modules.length);
  const found = (finding: Finding): void => {
    tally.add(finding, json ? jsonLine(finding) : plainLine(finding));
  };
  try {
    await verification.run(modules, { full, withdraw: quarantine, found }, signal);
  } catch (failure) {
    tally.end();
    if (!signal.aborted) throw failure;
    process.stderr.write("stoa: interrupted; not every version was looked at\n");
    process.exitCode = interruptedExitCode;
    return;
  }
  tally.end();
  if (!json) process.stdout.write(tally.sentence(config.go.gosumdb));
  if (tally.count("bad") + tally.count("unconfirmed") > 0) process.exitCode = 1;
}

/** How many versions came out how; tells so on stderr now and then, on a terminal in one line. */
class Tally {
  readonly #total: number;
  readonly #counts = new Map<Finding["outcome"], number>();
  readonly #line = new ProgressLine();
  #done = 0;
  #withdrawn = 0;

  constructor(total: number) {
    this.#total = total;
  }

  /** Counts a finding, and prints what there is to say of it. */
  add({ outcome, withdrawnTo }: Finding, text: string | undefined): void {
    this.#done += 1;
    this.#counts.set(outcome, this.count(outcome) + 1);
    if (withdrawnTo !== undefined) this.#withdrawn += 1;
    if (text !== undefined) {
      this.#line.clear();
      process.stdout.write(text);
    }
    if (this.#line.isSeen) this.#line.show(() => this.#progress());
    else if (this.#done % progressEvery === 0) process.stderr.write(`${this.#progress()}\n`);
  }

  count(outcome: Finding["outcome"]): number {
    return this.#counts.get(outcome) ?? 0;
  }

  end(): void {
    this.#line.clear();
  }

  sentence(gosumdb: string): string {
    const confirmed = `${this.count("confirmed")} confirmed by the checksum database`;
    const others = (["unchanged", "bad", "unconfirmed", "gone"] as const)
      .filter((outcome) => this.count(outcome) > 0)
      .map((outcome) => `${this.count(outcome)} ${words[outcome]}`);
    const off =
      gosumdb === "off" ? " (GOSUMDB is off: only compared with when they were kept)" : "";
    const taken =
      this.#withdrawn === 0
        ? ""
        : `${this.#withdrawn} taken out of service; restart running servers, which may hold their small files in memory\n`;
    return `${this.#total} versions: ${[confirmed, ...others].join(", ")}${off}\n${taken}`;
  }

  #progress(): string {
    return `${this.#done} of ${this.#total} versions, ${this.count("bad")} bad`;
  }
}

const words = {
  unchanged: "exempt and unchanged",
  bad: "bad",
  unconfirmed: "not confirmed",
  gone: "gone meanwhile",
} as const;

/** Only what somebody has to look at. */
function plainLine(finding: Finding): string | undefined {
  const { module, outcome, sentence, withdrawnTo } = finding;
  if (outcome !== "bad" && outcome !== "unconfirmed") return undefined;
  const where = withdrawnTo === undefined ? "" : `; it is now in ${withdrawnTo}`;
  return `${outcome}: ${module.path}@${module.version}: ${sentence ?? ""}${where}\n`;
}

function jsonLine({ module, ...finding }: Finding): string {
  return `${JSON.stringify({ ...module, ...finding })}\n`;
}
