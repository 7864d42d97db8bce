// What it takes to remove versions, restore them, register lists and rebuild the index, put together.
import { openState } from "./adapters/sql-state/open-state.ts";
import { TrashKeeping } from "./application/empty-trash.ts";
import { rebuildIndex } from "./application/rebuild-index.ts";
import { VersionRemoval } from "./application/remove-versions.ts";
import type { KeepLists } from "./domain/keep-lists.ts";
import type { ModuleProxySettings } from "./module-proxy-settings.ts";
import { openIndex } from "./open-index.ts";
import { openStorage } from "./open-storage.ts";

type CareSettings = Pick<ModuleProxySettings, "storage" | "state" | "index" | "housekeeping">;

/** To be disposed of when it has run. */
export interface OpenVersionRemoval extends AsyncDisposable {
  readonly removal: VersionRemoval;
}

/** Opens the configured storage; servers may be using it. Rejects with an `Error` whose message is a sentence. */
export async function openVersionRemoval(settings: CareSettings): Promise<OpenVersionRemoval> {
  await using opening = new AsyncDisposableStack();
  const storage = opening.use(await openStorage(settings.storage));
  const { removal } = storage;
  if (removal === undefined) {
    throw new Error("what is in memory belongs to its process alone");
  }
  const trash = settings.housekeeping.trashMs === 0 ? undefined : storage.trash;
  const state = opening.use(await openState(settings.state, { mostJobs: 0 }));
  const opened = opening.use(await openIndex(settings.index, state));
  const { hashes } = state;
  const parts = opening.move();
  return {
    removal: new VersionRemoval({ store: removal, trash, hashes, index: opened?.index }),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** To be disposed of when it has run. */
export interface OpenTrash extends AsyncDisposable {
  readonly trash: TrashKeeping;
}

/** Opens the trash of the configured storage; servers may be using it. Rejects with an `Error` whose message is a sentence. */
export async function openTrash(settings: CareSettings): Promise<OpenTrash> {
  await using opening = new AsyncDisposableStack();
  const { trash } = opening.use(await openStorage(settings.storage));
  if (trash === undefined) {
    throw new Error("this kind of storage has no trash: what is removed from it is gone");
  }
  const state = opening.use(await openState(settings.state, { mostJobs: 0 }));
  const opened = opening.use(await openIndex(settings.index, state));
  const { hashes, uses } = state;
  const parts = opening.move();
  return {
    trash: new TrashKeeping({ trash, hashes, uses, index: opened?.index }),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** To be disposed of when it has run. */
export interface OpenKeepLists extends AsyncDisposable {
  readonly lists: KeepLists;
}

/** Opens what is registered to be kept. Rejects with an `Error` whose message is a sentence. */
export async function openKeepLists(settings: CareSettings): Promise<OpenKeepLists> {
  if (settings.state.kind === "memory") {
    throw new Error(
      "what is registered is inside of the running program, for STOA_STATE is memory: use its /api/modules/keep",
    );
  }
  const state = await openState(settings.state, { mostJobs: 0 });
  return { lists: state.keepLists, [Symbol.asyncDispose]: () => state[Symbol.asyncDispose]() };
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
  // First, for the state may lie in a folder of its own.
  await using storage = await openStorage(settings.storage);
  await using state = await openState(settings.state, { mostJobs: 0 });
  await using opened = await openIndex(settings.index, state);
  if (opened === undefined || settings.index === "memory" || settings.state.kind === "memory") {
    throw new Error("no index is kept outside of the running server: there is nothing to rebuild");
  }
  const { store, catalog } = storage;
  return await rebuildIndex({ store, catalog, ...opened }, looked, signal);
}
