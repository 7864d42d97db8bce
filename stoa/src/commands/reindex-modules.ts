// stoa modules reindex: the index of versions, made of what is kept.
import process from "node:process";
import { rebuildStorageIndex } from "@stoa/proxy";
import { type ConfigurationPlace, readConfiguration } from "../config/configuration.ts";
import { reportProblems } from "./config.ts";
import { interruptedExitCode, interruption } from "./interruption.ts";
import { keptStorage } from "./kept-storage.ts";
import { ProgressLine } from "./progress-line.ts";
import { proxySettings } from "./proxy-settings.ts";

/** Servers may be running meanwhile. */
export async function reindexModules(place: ConfigurationPlace): Promise<void> {
  const config = readConfiguration(place);
  reportProblems(config.problems);
  if (config.problems.length > 0) return;
  if (config.values.storageType === "disk") keptStorage(config.values);
  const signal = interruption();
  const progress = new ProgressLine();
  const looked = (versions: number): void => progress.show(() => `${versions} versions`);
  try {
    const { kept, removed } = await rebuildStorageIndex(proxySettings(config), looked, signal);
    progress.clear();
    process.stdout.write(`the index has ${kept} versions; ${removed} that are gone were removed\n`);
  } catch (failure) {
    progress.clear();
    if (!signal.aborted) throw failure;
    process.stderr.write(
      "stoa: interrupted; run the same command again, or start the server, to go on\n",
    );
    process.exitCode = interruptedExitCode;
  }
}
