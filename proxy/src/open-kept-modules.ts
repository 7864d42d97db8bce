// Where modules are kept, as a running proxy uses it: patiently where that is elsewhere, and with a cache of its zips.
import type { Log, Metrics } from "@stoa/telemetry";
import { patientStorage } from "./application/patient-store.ts";
import type { ModuleStore } from "./domain/module-store.ts";
import type { ModuleProxySettings } from "./module-proxy-settings.ts";
import { openCachedZips } from "./open-cached-zips.ts";
import { type OpenStorage, openStorage } from "./open-storage.ts";

/** Nobody waits for ever for these. */
export interface OpenedKeptModules
  extends Pick<OpenStorage, "store" | "loose" | "catalog">,
    AsyncDisposable {
  /** The same as it was opened, with all else that it can do. */
  readonly storage: OpenStorage;
  /** What clients get files from: the store, or this machine's copies of its zips. */
  readonly shelf: Pick<ModuleStore, "open">;
}

/** From the first go.mod that a build reads to its last zip it takes about this long. */
const lingeringMs = 30_000;

/** Rejects as `openStorage` and `openCachedZips`. */
export async function openKeptModules(
  settings: Pick<ModuleProxySettings, "storage" | "zipCache" | "leases">,
  parts: { readonly isServer: boolean; readonly log: Log; readonly metrics: Metrics },
): Promise<OpenedKeptModules> {
  await using opening = new AsyncDisposableStack();
  const { isServer, log, metrics } = parts;
  const isAlone = isServer && settings.leases.kind === "memory";
  const lingering = {
    ms: lingeringMs,
    onTrouble: (error: unknown) =>
      log.warn("loose files could not be written to the disk yet", { error }),
  };
  const storage = opening.use(await openStorage(settings.storage, isAlone ? lingering : undefined));
  const { store, loose, catalog } = storage.isRemote ? patientStorage(storage) : storage;
  const cached = opening.use(
    settings.zipCache && (await openCachedZips(settings.zipCache, { store, log, metrics })),
  );
  const opened = opening.move();
  return {
    ...{ storage, store, loose, catalog },
    shelf: cached?.store ?? store,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
