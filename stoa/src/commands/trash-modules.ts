// stoa modules trash | restore: what was removed and can still be had back.
import process from "node:process";
import { type OpenTrash, openTrash } from "@stoa/proxy";
import { type ConfigurationPlace, readConfiguration } from "../config/configuration.ts";
import { reportProblems } from "./config.ts";
import { interruption } from "./interruption.ts";
import { keptStorage } from "./kept-storage.ts";
import { proxySettings } from "./proxy-settings.ts";
import { versionLine } from "./version-line.ts";

/** Prints what can be restored, the oldest first; with `empty` lets go of all of it for good. */
export async function showTrash(
  place: ConfigurationPlace,
  { json = false, empty = false }: { readonly json?: boolean; readonly empty?: boolean },
): Promise<void> {
  await using opened = await open(place);
  if (opened === undefined) return;
  const { trash } = opened;
  if (empty) {
    const purged = await trash.empty(new Date(Date.now() + 1), interruption());
    process.stdout.write(`${purged} versions are gone for good\n`);
    return;
  }
  for await (const { module, at, bytes } of trash.all()) {
    process.stdout.write(
      json
        ? versionLine(module, { at, bytes })
        : `${module.path}@${module.version}  ${bytes} bytes, removed ${at.toISOString()}\n`,
    );
  }
}

const outcomeWords = {
  restored: "restored",
  occupied: "is kept anew already, and stays as it is",
  torn: "cannot be restored: it was not whole when it was removed",
} as const;

/** Ends with exit code 1 if one of them is not in the trash, or was torn. */
export async function restoreModules(
  place: ConfigurationPlace,
  named: readonly string[],
): Promise<void> {
  await using opened = await open(place);
  if (opened === undefined) return;
  for (const name of named) {
    const found = await opened.trash.find(name);
    if (found.length === 0) {
      process.stderr.write(`stoa: ${name}: there is nothing of it in the trash\n`);
      process.exitCode = 1;
    }
    for (const one of found) {
      const outcome = await opened.trash.restore(one);
      const { path, version } = one.module;
      process.stdout.write(`${path}@${version} ${outcomeWords[outcome]}\n`);
      if (outcome === "torn") process.exitCode = 1;
    }
  }
}

async function open(place: ConfigurationPlace): Promise<OpenTrash | undefined> {
  const config = readConfiguration(place);
  reportProblems(config.problems);
  if (config.problems.length > 0) return undefined;
  if (config.values.storageType === "disk") keptStorage(config.values);
  return openTrash(proxySettings(config));
}
