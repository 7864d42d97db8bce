// stoa config check --connect: tries everything that a start would open.
import process from "node:process";
import { openStorage, tryEngines } from "@stoa/proxy";
import {
  type Configuration,
  type ConfigurationPlace,
  readConfiguration,
} from "../config/configuration.ts";
import { checkConfig } from "./config.ts";
import { proxySettings } from "./proxy-settings.ts";
import { namingTheKey, storageSettings } from "./storage-settings.ts";

/**
 * As `checkConfig`; if nothing is wrong so far, tries the storage and every engine as a start would, and says of each
 * whether it works.
 */
export async function checkConnections(place: ConfigurationPlace): Promise<void> {
  checkConfig(place);
  if (process.exitCode === 1) return;
  const config = readConfiguration(place);
  const { storageType, singleFlightType, indexType, state } = config.values;
  const trouble = await storageTrouble(config);
  report(`storage ${storageType}`, trouble);
  const all = proxySettings(config);
  // A state that lies in the storage's folder fails with it.
  const isLost = trouble !== undefined && state.kind === "beside storage";
  const settings = isLost ? { ...all, state: { kind: "memory" as const } } : all;
  const names = {
    state: `state ${settings.state.kind}`,
    leases: `single flight ${singleFlightType}`,
    index: `index ${indexType}`,
  };
  for await (const found of tryEngines(settings)) report(names[found.engine], found.trouble);
}

async function storageTrouble(config: Configuration): Promise<string | undefined> {
  try {
    await using storage = await namingTheKey(config, () => openStorage(storageSettings(config)));
    await storage.store.check();
    return undefined;
  } catch (failure) {
    return failure instanceof Error ? failure.message : String(failure);
  }
}

function report(what: string, trouble: string | undefined): void {
  process.stdout.write(`${what}: ${trouble === undefined ? "works" : "does not work"}\n`);
  if (trouble === undefined) return;
  process.stderr.write(`stoa: ${trouble}\n`);
  process.exitCode = 1;
}
