// stoa modules crawl: fetches the new versions of what is kept.
import process from "node:process";
import { checkModulePatterns } from "@stoa/gomod";
import { type CrawlEvent, type CrawlSummary, openModuleProxy } from "@stoa/proxy";
import { openLog, openMetrics } from "@stoa/telemetry";
import { type ConfigurationPlace, readConfiguration } from "../config/configuration.ts";
import { reportProblems } from "./config.ts";
import { interruptedExitCode, interruption } from "./interruption.ts";
import { keptStorage } from "./kept-storage.ts";
import { ProgressLine } from "./progress-line.ts";
import { proxySettings } from "./proxy-settings.ts";

/** What the words of the command line say; where they say nothing, the configuration does. */
export interface CrawlWords {
  readonly modules?: string;
  readonly usedDays?: number;
  readonly newer?: boolean;
  readonly recheck?: boolean;
  readonly json?: boolean;
}

/** Ends with exit code 1 if anything could not be asked for or fetched, or has changed upstream, and with 130 if it was interrupted. */
export async function crawlModules(place: ConfigurationPlace, words: CrawlWords): Promise<void> {
  const config = readConfiguration(place);
  reportProblems(config.problems);
  if (config.problems.length > 0) return;
  checkModulePatterns(words.modules ?? "");
  keptStorage(config.values);
  const signal = interruption();
  const settings = proxySettings(config);
  const { crawl } = settings.freshness;
  const log = openLog({ level: "error", format: "plain" });
  await using proxy = await openModuleProxy(settings, {
    log,
    metrics: openMetrics(),
    isServer: false,
  });
  const progress = new ProgressLine();
  const usedMs = words.usedDays === undefined ? crawl.usedMs : words.usedDays * 86_400_000;
  const order = {
    patterns: words.modules ?? crawl.patterns,
    versions: words.newer === true ? "newer" : crawl.versions,
    usedSince: usedMs === 0 ? undefined : new Date(Date.now() - usedMs),
    recheck: words.recheck === true ? "all" : recheckOf(crawl),
  } as const;
  try {
    const summary = await proxy.crawl(order, signal, (event) => tell(event, words, progress));
    progress.clear();
    process.stdout.write(words.json === true ? jsonSummary(summary) : `${sentence(summary)}\n`);
    if (summary.failed + summary.changed > 0) process.exitCode = 1;
  } catch (failure) {
    progress.clear();
    if (!signal.aborted) throw failure;
    process.stderr.write("stoa: interrupted; run the same command again to go on\n");
    process.exitCode = interruptedExitCode;
  }
}

function recheckOf({ recheckDays }: { readonly recheckDays: number }) {
  return recheckDays === 0 ? "none" : { days: recheckDays };
}

function tell(event: CrawlEvent, { json }: CrawlWords, progress: ProgressLine): void {
  if (event.kind === "asked") {
    progress.show(() => `${sentence(event.summary)}; ${event.path}`);
    return;
  }
  progress.clear();
  if (json === true) process.stdout.write(jsonEvent(event));
  else if (event.kind === "failed") process.stderr.write(`stoa: ${failedSentence(event)}\n`);
  else process.stdout.write(`${event.kind} ${event.module.path}@${event.module.version}\n`);
}

function failedSentence({ path, version, failure }: CrawlEvent & { kind: "failed" }): string {
  const named = version === undefined ? path : `${path}@${version}`;
  return `${named}: ${failure instanceof Error ? failure.message : String(failure)}`;
}

function jsonEvent(event: Exclude<CrawlEvent, { kind: "asked" }>): string {
  if (event.kind !== "failed") {
    return `${JSON.stringify({ event: event.kind, ...event.module })}\n`;
  }
  const { path, version, failure } = event;
  const reason = failure instanceof Error ? failure.message : String(failure);
  return `${JSON.stringify({ event: "failed", path, version, reason })}\n`;
}

function jsonSummary(summary: CrawlSummary): string {
  return `${JSON.stringify({ event: "ended", ...summary })}\n`;
}

function sentence(summary: CrawlSummary): string {
  const { modules, fetched, refused, failed, passedOver, rechecked, changed } = summary;
  const earlier = passedOver === 0 ? "" : `, ${passedOver} passed over that failed before`;
  const again = rechecked === 0 ? "" : `, ${rechecked} asked about anew, ${changed} changed`;
  return `${modules} modules asked about, ${fetched} versions fetched, ${refused} refused by policy, ${failed} failures${earlier}${again}`;
}
