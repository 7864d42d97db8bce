// stoa modules keep: go.sum files whose versions retention never removes.
import { resolve } from "node:path";
import process from "node:process";
import { type OpenKeepLists, openKeepLists, parseImportList } from "@stoa/proxy";
import { type ConfigurationPlace, readConfiguration } from "../config/configuration.ts";
import { readNamedFile } from "../config/unreadable-file.ts";
import { reportProblems } from "./config.ts";
import { keptStorage } from "./kept-storage.ts";
import { proxySettings } from "./proxy-settings.ts";

/** Registers go.sum files, or lists of versions, each in place of the list of the same name. */
export async function addKeepLists(
  place: ConfigurationPlace,
  files: readonly string[],
  name: string | undefined,
): Promise<void> {
  if (name !== undefined && files.length > 1) {
    throw new Error("--name is for one file: register several without it, or one at a time");
  }
  await using opened = await openLists(place);
  if (opened === undefined) return;
  for (const file of files) {
    const modules = modulesIn(readNamedFile(file), file);
    const called = name ?? resolve(file);
    await opened.lists.write(called, modules);
    process.stdout.write(`${called}: ${modules.length} versions stay\n`);
  }
}

/** Prints which lists are registered. */
export async function showKeepLists(place: ConfigurationPlace, json: boolean): Promise<void> {
  await using opened = await openLists(place);
  if (opened === undefined) return;
  for (const { name, versions, at } of await opened.lists.lists()) {
    process.stdout.write(
      json
        ? `${JSON.stringify({ name, versions, at })}\n`
        : `${name}  ${versions} versions, registered ${at.toISOString()}\n`,
    );
  }
}

/** Ends with exit code 1 if one of them is not registered. */
export async function removeKeepLists(
  place: ConfigurationPlace,
  names: readonly string[],
): Promise<void> {
  await using opened = await openLists(place);
  if (opened === undefined) return;
  for (const written of names) {
    const isThere =
      (await opened.lists.remove(written)) || (await opened.lists.remove(resolve(written)));
    if (isThere) {
      process.stdout.write(`${written} is not registered any more\n`);
    } else {
      process.stderr.write(`stoa: no list ${written} is registered: see stoa modules keep list\n`);
      process.exitCode = 1;
    }
  }
}

async function openLists(place: ConfigurationPlace): Promise<OpenKeepLists | undefined> {
  const config = readConfiguration(place);
  reportProblems(config.problems);
  if (config.problems.length > 0) return undefined;
  if (config.values.storageType === "disk") keptStorage(config.values);
  return openKeepLists(proxySettings(config));
}

/** Throws an `Error` with a sentence if a line names no version. */
function modulesIn(text: string, file: string) {
  return parseImportList(text).map((entry) => {
    if (entry.kind === "unusable") throw new Error(`${file}: ${entry.place}: ${entry.why}`);
    return entry.module;
  });
}
