// stoa modules remove: versions that should not be kept any more.
import process from "node:process";
import { openVersionRemoval, type RemovalCandidate } from "@stoa/proxy";
import { type ConfigurationPlace, readConfiguration } from "../config/configuration.ts";
import { reportProblems } from "./config.ts";
import { interruptedExitCode, interruption } from "./interruption.ts";
import { keptStorage } from "./kept-storage.ts";
import { proxySettings } from "./proxy-settings.ts";
import { versionLine } from "./version-line.ts";

/** What the user wants. */
export interface RemoveOptions {
  /** Without it nothing is removed. */
  readonly yes: boolean;
  /** It cannot be restored. */
  readonly forGood: boolean;
  readonly json: boolean;
}

/**
 * Prints each version that is, or would be, removed. Ends with exit code 1 if there is nothing of one that was named, and
 * removes nothing if one of the names is no module.
 */
export async function removeModules(
  place: ConfigurationPlace,
  named: readonly string[],
  { yes, forGood, json }: RemoveOptions,
): Promise<void> {
  const config = readConfiguration(place);
  reportProblems(config.problems);
  if (config.problems.length > 0) return;
  if (config.values.storageType === "disk") keptStorage(config.values);
  const signal = interruption();
  await using opened = await openVersionRemoval(proxySettings(config));
  const { removal } = opened;
  const candidates = await candidatesOf(named, removal);
  for (const candidate of candidates) {
    if (signal.aborted) {
      process.stderr.write("stoa: interrupted; run the same command again to remove the rest\n");
      process.exitCode = interruptedExitCode;
      return;
    }
    if (yes) await removal.remove(candidate.module, forGood);
    process.stdout.write(json ? jsonLine(candidate, yes) : plainLine(candidate, yes));
  }
  const isRecoverable = removal.isRecoverable && !forGood;
  if (!json) process.stdout.write(sentence(candidates.length, yes, isRecoverable));
}

/** Each version once, however often it was named. */
async function candidatesOf(
  named: readonly string[],
  removal: { find(name: string): Promise<readonly RemovalCandidate[]> },
): Promise<readonly RemovalCandidate[]> {
  const candidates = new Map<string, RemovalCandidate>();
  for (const name of named) {
    const found = await removal.find(name);
    if (found.length === 0) {
      process.stderr.write(`stoa: ${name}: there is nothing of it\n`);
      process.exitCode = 1;
    }
    for (const candidate of found) candidates.set(nameOf(candidate), candidate);
  }
  return [...candidates.values()];
}

function nameOf({ module }: RemovalCandidate): string {
  return `${module.path}@${module.version}`;
}

function plainLine(candidate: RemovalCandidate, isDone: boolean): string {
  const { state, beside, bytes } = candidate.traces;
  const found = [...(state === "absent" ? [] : [`${state}, ${bytes} bytes`]), ...beside];
  const parts = found.length === 0 ? ["nothing but its recorded hashes"] : found;
  return `${isDone ? "removed" : "would remove"} ${nameOf(candidate)} (${parts.join("; ")})\n`;
}

function jsonLine({ module, traces }: RemovalCandidate, removed: boolean): string {
  const { state, beside, bytes } = traces;
  return versionLine(module, { state, beside, bytes, removed });
}

function sentence(count: number, isDone: boolean, isRecoverable: boolean): string {
  if (count === 0) return "";
  if (!isDone) return `${count} versions; nothing has been removed: add --yes to do it\n`;
  const back = isRecoverable ? "stoa modules restore brings them back" : "they are gone";
  return `${count} versions removed, ${back}; restart running servers, which may hold their small files in memory. They are fetched anew when they are asked for, unless a policy forbids it\n`;
}
