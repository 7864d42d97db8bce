// What it takes to remove versions and to rebuild the index, put together.
import { openState } from "./adapters/sql-state/open-state.ts";
import { rebuildIndex } from "./application/rebuild-index.ts";
import { VersionRemoval } from "./application/remove-versions.ts";
import type { ModuleProxySettings } from "./module-proxy.ts";
import { openIndex } from "./open-index.ts";
import { openStorage } from "./open-storage.ts";

type CareSettings = Pick<ModuleProxySettings, "storage" | "state" | "index">;

/** To be disposed of when it has run. */
export interface OpenVersionRemoval extends AsyncDisposable {
  readonly removal: VersionRemoval;
}

/** Opens the configured storage; servers may be using it. Rejects with an `Error` whose message is a sentence. */
export async function openVersionRemoval(settings: CareSettings): Promise<OpenVersionRemoval> {
  await using opening = new AsyncDisposableStack();
  const { removal } = opening.use(await openStorage(settings.storage));
  if (removal === undefined) {
    throw new Error("what is in memory belongs to its process alone");
  }
  const state = opening.use(await openState(settings.state, { mostJobs: 0 }));
  const opened = opening.use(await openIndex(settings.index, state));
  const { hashes } = state;
  const parts = opening.move();
  return {
    removal: new VersionRemoval({ store: removal, hashes, index: opened?.index }),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** Rebuilds the configured index; see `rebuildIndex`. Rejects with an `Error` whose message is a sentence. */
export async function rebuildStorageIndex(
  settings: CareSettings,
  looked: (versions: number) => void,
  signal: AbortSignal,
): Promise<{ readonly kept: number; readonly removed: number }> {
  if (settings.storage.kind === "memory") {
    throw new Error("what is in memory belongs to its process alone");
  }
  await using state = await openState(settings.state, { mostJobs: 0 });
  await using opened = await openIndex(settings.index, state);
  if (opened === undefined || settings.index === "memory" || settings.state.kind === "memory") {
    throw new Error("no index is kept outside of the running server: there is nothing to rebuild");
  }
  await using storage = await openStorage(settings.storage);
  const { store, catalog } = storage;
  return await rebuildIndex({ store, catalog, ...opened }, looked, signal);
}
