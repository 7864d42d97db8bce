// Where versions can be moved from and to: a storage, or what the user writes: `disk:PATH`, `file:///PATH`, `https://…`.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Log } from "@stoa/telemetry";
import { openDiskSource } from "./adapters/disk-module-store/open-disk-module-store.ts";
import { openTreeSource } from "./adapters/module-tree/open-tree-source.ts";
import { openTreeModuleStore } from "./adapters/module-tree/tree-module-store.ts";
import { openState, type ProxyState, type StatePlace } from "./adapters/sql-state/open-state.ts";
import { IndexKeeper } from "./application/keep-index.ts";
import type { KeepRecords } from "./application/keep-version.ts";
import { KeptRecords } from "./application/record-kept.ts";
import type { ImportSource, SourceEntry } from "./domain/import-source.ts";
import type { KeptHashes } from "./domain/kept-hashes.ts";
import { ListedSource } from "./domain/listed-source.ts";
import type { LooseFiles } from "./domain/loose-files.ts";
import type { ModuleStore } from "./domain/module-store.ts";
import { catalogEntries, StoreSource } from "./domain/store-source.ts";
import type { Fetcher } from "./domain/upstream.ts";
import type { ModuleProxySettings } from "./module-proxy-settings.ts";
import { openIndex } from "./open-index.ts";
import { localFolder, openStorage, type StorageSettings } from "./open-storage.ts";

/** A place that holds versions. */
export interface StoreLocation {
  /** For messages, without credentials. */
  readonly name: string;
  /** What tells it from others: two of the same identity are the same place. */
  readonly identity: string;
  /** Rejects with a sentence if there is nothing to be read. */
  openSource(parts: SourceParts): Promise<OpenedSource>;
  /** Creates what is missing. Rejects with a sentence if nothing can be written there. */
  openTarget(log: Log): Promise<OpenedTarget>;
}

/** What the opening of some sources needs. */
export interface SourceParts {
  /** A client of the module proxy at a URL. */
  readonly proxyAt: (url: string) => Fetcher & { readonly name: string };
  /** The versions to be had from a module proxy; `undefined` if nobody has listed any. */
  readonly list: readonly SourceEntry[] | undefined;
}

/** A place that is read. */
export interface OpenedSource extends AsyncDisposable {
  readonly source: ImportSource;
  /** What versions were when they were kept there, where that is remembered. */
  readonly hashes: KeptHashes | undefined;
}

/** A place that is written. */
export interface OpenedTarget extends AsyncDisposable {
  readonly store: ModuleStore;
  readonly records: KeepRecords;
  /** Where small files without a zip go, if there is a place for them. */
  readonly loose: LooseFiles | undefined;
  /** The storage folder, where Stoa has its own files; `undefined` if it is none. */
  readonly root: string | undefined;
}

/** Where Stoa's memory of a storage is. */
export type StorageMemory = Pick<ModuleProxySettings, "state" | "index">;

type Kind = (written: string) => StoreLocation;

/** By what stands before the first colon. Another storage is added here, under its own word. */
const kinds: Readonly<Record<string, Kind>> = {
  disk: (written) => diskLocation(written.slice("disk:".length).replace(/^\/\/(?=\/)/, "")),
  file: (written) => treeLocation(fileURLToPath(written)),
  http: proxyLocation,
  https: proxyLocation,
};

/**
 * Reads what the user wrote. A path without a word before it is a folder on disk: a module cache or its tree if it looks
 * like one, otherwise a storage folder in Athens' layout. Throws an `Error` with a sentence.
 */
export function parseStoreLocation(written: string): StoreLocation {
  if (written === "") throw new Error("name a place, such as disk:/var/lib/athens");
  const word = /^([a-z][a-z0-9+-]+):/i.exec(written)?.[1]?.toLowerCase();
  if (word === undefined) return folderLocation(written);
  const kind = kinds[word];
  if (kind === undefined) {
    throw new Error(
      `${written}: ${word}: is no kind of place; there are disk:PATH for a storage folder, s3:, minio:, gcp:, azureblob:, mongo: and external: ` +
        "for the storages of these names, config:FILE for the storage of another configuration file, " +
        "file:///PATH for GOMODCACHE/cache/download or another folder laid out like a proxy, and https://… to import from a proxy",
    );
  }
  try {
    return kind(written);
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new Error(`${written} is no URL that can be used: ${cause.message}`, { cause });
  }
}

function folderLocation(path: string): StoreLocation {
  const tree = join(path, "cache", "download");
  if (existsSync(tree)) return treeLocation(tree);
  return /[\\/]cache[\\/]download[\\/]?$/.test(resolve(path))
    ? treeLocation(path)
    : diskLocation(path);
}

/** A storage folder in Athens' layout; without `memory`, Stoa's memory of it is inside, if there is any. */
function diskLocation(folder: string, memory?: StorageMemory): StoreLocation {
  const root = resolve(folder);
  const name = `disk:${root}`;
  const file = join(root, ".stoa", "state.sqlite");
  const { state, index } = memory ?? { state: { kind: "sqlite", file }, index: "state" };
  return {
    name,
    identity: name,
    async openSource() {
      const source = await openDiskSource(root, name);
      const remembered = await readableState(state);
      return {
        source,
        hashes: remembered?.hashes,
        [Symbol.asyncDispose]: async () => remembered?.[Symbol.asyncDispose](),
      };
    },
    openTarget: (log) => storageTarget({ kind: "disk", root }, { state, index }, log),
  };
}

/**
 * A storage with the memory that goes with it. Without one nothing is known of its versions' hashes, and nothing is noted
 * of what is put there. `undefined` if it is in the memory of another process.
 */
export function storageLocation(
  storage: StorageSettings,
  memory?: StorageMemory,
): StoreLocation | undefined {
  if (storage.kind === "memory") return undefined;
  if (storage.kind === "disk") return diskLocation(storage.root, memory);
  const { name, identity } = remotePlace(storage);
  return {
    name,
    identity,
    async openSource() {
      const opened = new AsyncDisposableStack();
      const { store, catalog } = opened.use(await openStorage(storage));
      const entries = (signal: AbortSignal): AsyncIterable<SourceEntry> =>
        catalogEntries(catalog, signal);
      const remembered = memory && (await readableState(memory.state));
      if (remembered !== undefined) opened.use(remembered);
      return {
        source: new StoreSource({ name, store, entries }),
        hashes: remembered?.hashes,
        [Symbol.asyncDispose]: () => opened.disposeAsync(),
      };
    },
    openTarget: (log) =>
      storageTarget(storage, memory ?? { state: { kind: "memory" }, index: "none" }, log),
  };
}

/** How a storage elsewhere is called, and what tells it from others. */
function remotePlace(
  storage: Exclude<StorageSettings, { readonly kind: "disk" | "memory" }>,
): Pick<StoreLocation, "name" | "identity"> {
  switch (storage.kind) {
    case "bucket": {
      const { bucket, layout } = storage;
      const [word, at, inside] =
        bucket.service === "azure"
          ? (["azureblob", bucket.account, bucket.container] as const)
          : bucket.service === "gcs"
            ? (["gcp", "", bucket.bucket] as const)
            : ([layout === "folder" ? "minio" : "s3", "", bucket.bucket] as const);
      const identity = JSON.stringify([bucket.service, layout, bucket.endpoint, at, inside]);
      return { name: `${word}:${inside}`, identity };
    }
    case "mongo": {
      const { url, database, collection } = storage.mongo;
      return { name: `mongo:${database}`, identity: JSON.stringify([url, database, collection]) };
    }
    case "external": {
      const { host, pathname } = new URL(storage.url);
      const name = `external:${host}${pathname}`;
      return { name, identity: name };
    }
  }
}

async function storageTarget(
  storage: StorageSettings,
  { state, index }: StorageMemory,
  log: Log,
): Promise<OpenedTarget> {
  const opened = new AsyncDisposableStack();
  const { store, loose, catalog } = opened.use(await openStorage(storage));
  const { hashes, journal, ...rest } = opened.use(await openState(state, { mostJobs: 0 }));
  const chosen = await openIndex(index, { hashes, journal, ...rest });
  const keeper = chosen && opened.use(new IndexKeeper({ ...opened.use(chosen), catalog, log }));
  const records = opened.use(
    new KeptRecords({ store, hashes, journal, index: keeper, loose, log }),
  );
  await records.resume();
  const root = localFolder(storage);
  return { store, loose, records, root, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** The state, unless there is none, or none that can be read: SQLite reads no file of ours on a read-only disk. */
async function readableState(state: StatePlace): Promise<ProxyState | undefined> {
  if (state.kind === "memory" || (state.kind === "sqlite" && !existsSync(state.file))) return;
  const opened = await openState(state, { mostJobs: 0, readOnly: true });
  try {
    await opened.jobs.counts();
    return opened;
  } catch {
    await opened[Symbol.asyncDispose]();
    return undefined;
  }
}

/** A folder laid out as the URLs of a module proxy are. */
function treeLocation(folder: string): StoreLocation {
  const root = resolve(folder);
  const name = `file://${root}`;
  return {
    name,
    identity: name,
    async openSource() {
      const source = await openTreeSource(root, name);
      return { source, hashes: undefined, async [Symbol.asyncDispose]() {} };
    },
    async openTarget(log) {
      const store = await openTreeModuleStore(root);
      const records: KeepRecords = {
        remembered: async () => undefined,
        begin: async () => undefined,
        dropped: async () => undefined,
        async kept(module, { zip }) {
          try {
            await store.writeHash(module, zip);
          } catch (failure) {
            log.warn("the hash of a zip could not be written", { ...module, error: failure });
          }
        },
      };
      return {
        store,
        records,
        loose: undefined,
        root: undefined,
        [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
      };
    },
  };
}

/** A module proxy, which can only be read, and cannot say what it has. */
function proxyLocation(url: string): StoreLocation {
  const { origin, pathname } = new URL(url);
  const name = `${origin}${pathname.replace(/\/$/, "")}`;
  return {
    name,
    identity: name,
    async openSource({ proxyAt, list }) {
      if (list === undefined) {
        throw new Error(
          `${name} is a module proxy, which does not say what it has: name a list with --list FILE (lines of MODULE@VERSION, the output of go list -m all, or a go.sum; - reads standard input)`,
        );
      }
      const source = new ListedSource({ name, upstream: proxyAt(url), entries: list });
      return { source, hashes: undefined, async [Symbol.asyncDispose]() {} };
    },
    openTarget() {
      throw new Error(`${name} is a module proxy, and takes no modules: name a store`);
    },
  };
}
