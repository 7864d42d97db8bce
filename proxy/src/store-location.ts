// Where versions can be moved from and to, by what the user writes: `disk:PATH`, `file:///PATH`, `https://…`.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  openDiskModuleStore,
  openDiskSource,
} from "./adapters/disk-module-store/open-disk-module-store.ts";
import { openTreeSource } from "./adapters/module-tree/open-tree-source.ts";
import { openTreeModuleStore } from "./adapters/module-tree/tree-module-store.ts";
import type { ImportSource, SourceEntry } from "./domain/import-source.ts";
import type { KeepJournal } from "./domain/keep-journal.ts";
import type { KeptHashes } from "./domain/kept-hashes.ts";
import { ListedSource } from "./domain/listed-source.ts";
import type { LooseFiles } from "./domain/loose-files.ts";
import type { ModuleStore } from "./domain/module-store.ts";
import type { Fetcher } from "./domain/upstream.ts";
import type { VersionCatalog } from "./domain/version-catalog.ts";

/** A place that holds versions. */
export interface StoreLocation {
  /** For messages, without credentials. */
  readonly name: string;
  /** What tells it from others: two of the same identity are the same place. */
  readonly identity: string;
  /** Rejects with a sentence if there is nothing to be read. */
  openSource(parts: SourceParts): Promise<OpenedSource>;
  /** Creates what is missing. Rejects with a sentence if nothing can be written there. */
  openTarget(): Promise<OpenedTarget>;
}

/** What the opening of some sources needs. */
export interface SourceParts {
  /** A client of the module proxy at a URL. */
  readonly proxyAt: (url: string) => Fetcher & { readonly name: string };
  /** The versions to be had from a module proxy; `undefined` if nobody has listed any. */
  readonly list: readonly SourceEntry[] | undefined;
}

/** A place that is read. */
export interface OpenedSource {
  readonly source: ImportSource;
  /** What versions were when they were kept there, where that is remembered. */
  readonly hashes: KeptHashes | undefined;
}

/** A place that is written. */
export interface OpenedTarget extends AsyncDisposable {
  readonly store: ModuleStore;
  readonly hashes: KeptHashes;
  readonly loose: LooseFiles | undefined;
  readonly journal: KeepJournal | undefined;
  readonly catalog: VersionCatalog | undefined;
  /** The storage folder, where Stoa has its databases; `undefined` if it is none. */
  readonly root: string | undefined;
}

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
      `${written}: modules cannot be moved from or to ${word}: yet; there are disk:PATH for a storage folder, ` +
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

/** A storage folder in Athens' layout. */
export function diskLocation(folder: string): StoreLocation {
  const root = resolve(folder);
  const name = `disk:${root}`;
  return {
    name,
    identity: name,
    openSource: () => openDiskSource(root, name),
    async openTarget() {
      return { ...(await openDiskModuleStore({ root })), root, async [Symbol.asyncDispose]() {} };
    },
  };
}

/** A folder laid out as the URLs of a module proxy are. */
function treeLocation(folder: string): StoreLocation {
  const root = resolve(folder);
  const name = `file://${root}`;
  return {
    name,
    identity: name,
    async openSource() {
      return { source: await openTreeSource(root, name), hashes: undefined };
    },
    async openTarget() {
      const store = await openTreeModuleStore(root);
      return {
        store,
        hashes: store,
        loose: undefined,
        journal: undefined,
        catalog: undefined,
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
      return {
        source: new ListedSource({ name, upstream: proxyAt(url), entries: list }),
        hashes: undefined,
      };
    },
    openTarget() {
      throw new Error(`${name} is a module proxy, and takes no modules: name a store`);
    },
  };
}
