// How the storage folder is opened: its parts, put together.
import { resolve } from "node:path";
import type { InstanceMarks } from "../../domain/instance-marks.ts";
import type { LooseFiles } from "../../domain/loose-files.ts";
import type { ModuleStore } from "../../domain/module-store.ts";
import type { StorageSpace } from "../../domain/storage-space.ts";
import type { StoreInspection } from "../../domain/store-inspection.ts";
import type { StoreRemoval } from "../../domain/store-removal.ts";
import { StoreSource } from "../../domain/store-source.ts";
import type { VersionCatalog } from "../../domain/version-catalog.ts";
import type { VersionTrash } from "../../domain/version-trash.ts";
import { DiskCatalog } from "./disk-catalog.ts";
import { diskEntries } from "./disk-entries.ts";
import { DiskInstanceMarks } from "./disk-instance-marks.ts";
import { DiskLooseFiles } from "./disk-loose-files.ts";
import { DiskModuleStore } from "./disk-module-store.ts";
import { DiskStorageSpace } from "./disk-storage-space.ts";
import { DiskStoreInspection } from "./disk-store-inspection.ts";
import { DiskStoreRemoval } from "./disk-store-removal.ts";
import { DiskVersionTrash } from "./disk-version-trash.ts";
import { DurableDisk, makeFolders } from "./durable-disk.ts";
import { IncomingFolder } from "./incoming-folder.ts";
import { MendLock } from "./mend-lock.ts";
import { ProcessMark } from "./process-mark.ts";
import { type Lingering, RecentLooseFiles } from "./recent-loose-files.ts";
import { exists, hasCode, StorageRoot } from "./storage-root.ts";
import { VersionPlacing } from "./version-placing.ts";
import { WholeVersions } from "./whole-versions.ts";

/** What is kept in a storage folder. Disposing of it gives loose files that linger their place. */
export interface OpenedStore extends AsyncDisposable {
  readonly store: ModuleStore;
  readonly loose: LooseFiles;
  readonly catalog: VersionCatalog;
  readonly inspection: StoreInspection;
  readonly removal: StoreRemoval;
  readonly trash: VersionTrash;
  readonly space: StorageSpace;
  readonly marks: InstanceMarks;
}

/**
 * Opens the storage folder `root`, creating it if it is missing, and removes what processes that died have left
 * behind. What Athens has kept there is found. Several processes may use one folder, Athens among them. Rejects with a
 * sentence if the folder cannot be used. Without `lingering` nothing needs to be disposed of.
 */
export async function openDiskModuleStore(options: {
  readonly root: string;
  /** For a process that is alone on the storage, but for commands: see `RecentLooseFiles`. */
  readonly lingering?: Lingering | undefined;
}): Promise<OpenedStore> {
  const root = new StorageRoot(resolve(options.root));
  await makeOwnFolders(root);
  const { mark, incoming, disk, whole, lock, store } = await storeIn(root);
  await store.check();
  await incoming.sweep();
  const { lingering } = options;
  const files = new DiskLooseFiles(root, disk, incoming);
  const loose = new RecentLooseFiles({ root, mark, files, whole, lingering });
  await loose.settle();
  return {
    store,
    loose,
    catalog: new DiskCatalog(root),
    inspection: new DiskStoreInspection(root, disk, whole),
    removal: new DiskStoreRemoval(root, whole, loose),
    trash: new DiskVersionTrash({ root, disk, incoming, lock, whole, recent: loose }),
    space: new DiskStorageSpace(root),
    marks: new DiskInstanceMarks(root),
    [Symbol.asyncDispose]: () => loose[Symbol.asyncDispose](),
  };
}

/**
 * Opens a storage folder, Athens' or ours, to be read and never written, under the name that messages call it by. Rejects
 * with a sentence if it is not there.
 */
export async function openDiskSource(folder: string, name: string): Promise<StoreSource> {
  const path = resolve(folder);
  const root = new StorageRoot(path, path);
  if (!(await root.translating(() => exists(path)))) {
    throw new Error(`there is no storage folder ${path}: look at how it is spelt, and mounted`);
  }
  const { store, whole } = await storeIn(root);
  return new StoreSource({ name, store, entries: (signal) => diskEntries(root, whole, signal) });
}

async function storeIn(root: StorageRoot): Promise<{
  readonly mark: ProcessMark;
  readonly incoming: IncomingFolder;
  readonly disk: DurableDisk;
  readonly whole: WholeVersions;
  readonly lock: MendLock;
  readonly store: DiskModuleStore;
}> {
  const mark = await ProcessMark.ofThisProcess();
  const incoming = new IncomingFolder(root, mark);
  const disk = new DurableDisk();
  const whole = new WholeVersions(root);
  const lock = new MendLock(root, incoming, mark);
  const placing = new VersionPlacing({ root, disk, lock, whole });
  const store = new DiskModuleStore({ root, disk, incoming, whole, placing });
  return { mark, incoming, disk, whole, lock, store };
}

async function makeOwnFolders(root: StorageRoot): Promise<void> {
  try {
    for (const folder of [root.incoming, root.loose, root.recent, root.mending])
      await makeFolders(folder);
  } catch (failure) {
    const reason = hasCode(failure, "ENOTDIR", "EEXIST")
      ? "a file is in its way"
      : hasCode(failure, "ENOENT") && "no folder can be made there";
    if (reason === false) throw root.translate(failure);
    throw new Error(`${root.path} cannot be a storage folder: ${reason}; name another`, {
      cause: failure,
    });
  }
}
