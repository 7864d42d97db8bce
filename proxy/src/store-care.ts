// What it takes to remove versions and to rebuild the index, put together.
import { existsSync } from "node:fs";
import { openDiskModuleStore } from "./adapters/disk-module-store/open-disk-module-store.ts";
import { openSqliteVersionIndex } from "./adapters/sqlite-version-index/sqlite-version-index.ts";
import { rebuildIndex } from "./application/rebuild-index.ts";
import { VersionRemoval } from "./application/remove-versions.ts";
import type { ModuleProxySettings } from "./module-proxy.ts";
import { indexFile } from "./storage-files.ts";

type Storage = ModuleProxySettings["storage"];

/** To be disposed of when it has run. */
export interface OpenVersionRemoval extends Disposable {
  readonly removal: VersionRemoval;
}

/** Opens the configured storage; servers may be using it. Rejects with an `Error` whose message is a sentence. */
export async function openVersionRemoval(storage: Storage): Promise<OpenVersionRemoval> {
  const root = folderOf(storage);
  const { removal } = await openDiskModuleStore({ root });
  const file = indexFile(root);
  const index = existsSync(file) ? openSqliteVersionIndex(file) : undefined;
  return {
    removal: new VersionRemoval(removal, index),
    [Symbol.dispose]: () => index?.[Symbol.dispose](),
  };
}

/** Rebuilds the index of the configured storage; see `rebuildIndex`. Rejects with an `Error` with a sentence. */
export async function rebuildStorageIndex(
  storage: Storage,
  looked: (versions: number) => void,
  signal: AbortSignal,
): Promise<{ readonly kept: number; readonly removed: number }> {
  const root = folderOf(storage);
  const { store, catalog } = await openDiskModuleStore({ root });
  using index = openSqliteVersionIndex(indexFile(root));
  return await rebuildIndex({ store, catalog, index }, looked, signal);
}

function folderOf(storage: Storage): string {
  if (storage.kind === "disk") return storage.root;
  throw new Error("what is in memory belongs to its process alone: this works on a disk storage");
}
